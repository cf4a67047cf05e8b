/** What someone who types into a session feels of what happens elsewhere. */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { CountedStream } from './counted.ts'

const ECHOES = 150
/** Between two keys: a quick typist. */
const PAUSE_MS = 20
/** Nobody feels less; below it a ratio would be of noise. */
const UNFELT_MS = 50
const MAX_RATIO = 5

export const percentile = (times: readonly number[], share: number): number =>
  [...times].sort((a, b) => a - b)[Math.floor(times.length * share)] as number

/** Of so many keys the time until each came back, milliseconds. */
export const echoes = async (stream: CountedStream, count = ECHOES): Promise<number[]> => {
  const times: number[] = []
  for (let n = 0; n < count; n++) {
    times.push(await stream.echo())
    await delay(PAUSE_MS)
  }
  return times
}

export const p99 = (times: readonly number[]): number => Math.round(percentile(times, 0.99))

/** The 99th percentile of the echo, milliseconds. */
export const echoP99 = async (stream: CountedStream): Promise<number> => p99(await echoes(stream))

export const assertUnfelt = (beforeMs: number, duringMs: number): void => {
  const allowedMs = Math.max(UNFELT_MS, MAX_RATIO * beforeMs)
  assert.ok(duringMs <= allowedMs, `the echo took ${duringMs} ms, before it was ${beforeMs} ms`)
}
