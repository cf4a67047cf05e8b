/** Redis is dead for a while. */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Measured, Scenario } from '../scenario.ts'
import { COUNTING, type CountedStream } from '../stand/counted.ts'
import { assertUnfelt, echoes, echoP99, p99 } from '../stand/echo.ts'
import type { Stand } from '../stand/stand.ts'
import { secondsSince, until } from '../stand/until.ts'
import { longest } from './redis.ts'

const AWAY_MS = 5_000
/** For a call that fails because Redis does not answer. */
const FAILED_SECONDS = 1

/** SIGKILL, then for so long none, while `meanwhile` goes on; afterwards it is there again with all it had. */
const away = async (stand: Stand, ms: number, meanwhile: () => Promise<Measured>): Promise<Measured> => {
  await stand.redis.service.kill()
  const back = delay(ms)
  const measured = await meanwhile()
  await back
  await stand.redis.service.start()
  return { ...measured, worksAfterS: await stand.worksAgain() }
}

/** Seconds after which the call fails, because Redis is away. */
const failsAfter = async (call: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now()
  await assert.rejects(call(), { code: 'STORE_UNAVAILABLE' })
  const failedAfterS = secondsSince(begin)
  assert.ok(failedAfterS < FAILED_SECONDS, `a call without Redis failed only after ${failedAfterS} s`)
  return failedAfterS
}

export const redisRestart: Scenario = {
  name: 'redis-restart',
  promise:
    'SIGKILL of Redis and its return after 5 s: streams do not notice, calls fail within a second, then all works again',
  run: async (stand) => {
    const streams = await stand.manyStreams(3)
    const measured = await away(stand, AWAY_MS, async () => ({
      failedAfterS: await failsAfter(() => stand.client.listSessions()),
    }))
    return { longestGapMs: longest(streams), ...measured }
  },
}

const LONG_AWAY_MS = 120_000
/** Between two creates, and before its return. */
const PAUSE_MS = 5_000
/** Of the queue, each of which comes at least every 30 s. */
const SCHEDULES = 3
const SCHEDULED_SECONDS = 45

/** When each schedule of the queue comes next, by its name, Unix ms; undefined while one of them is overdue, as after an outage. */
const schedules = async ({ redis, cluster }: Stand): Promise<Map<string, number> | undefined> => {
  const flat = await redis.client.zrange(`{hf:${cluster}}:converge:repeat`, '0', '-1', 'WITHSCORES')
  const due = new Map(flat.flatMap((name, n) => (n % 2 === 0 ? [[name, Number(flat[n + 1])] as const] : [])))
  return due.size === SCHEDULES && [...due.values()].every((at) => at > Date.now()) ? due : undefined
}

/** Waits until each of them is set right and has come once more; seconds. */
const schedulesRun = async (stand: Stand): Promise<number> => {
  const begin = performance.now()
  const before = await until('every schedule lies ahead', () => schedules(stand), SCHEDULED_SECONDS)
  const haveCome = async () => {
    const now = await schedules(stand)
    return now !== undefined && [...before].every(([name, due]) => (now.get(name) ?? 0) > due)
  }
  await until('every schedule has come', haveCome, SCHEDULED_SECONDS)
  return secondsSince(begin)
}

/** Creates, one after the other until the time has come, of which each must be refused; their number and the longest. */
const refusedUntil = async (stand: Stand, endMs: number): Promise<Measured> => {
  const times: number[] = []
  while (performance.now() < endMs) {
    times.push(await failsAfter(() => stand.client.createSession(COUNTING)))
    await delay(PAUSE_MS)
  }
  return { refusedCreates: times.length, failedAfterS: Math.max(...times) }
}

/** The 99th percentile of the echo, of keys typed until the time has come. */
const typedUntil = async (stream: CountedStream, endMs: number): Promise<number> => {
  const times: number[] = []
  while (performance.now() < endMs) times.push(...(await echoes(stream)))
  return p99(times)
}

export const redisAway: Scenario = {
  name: 'redis-away-120s',
  promise:
    'Redis dead for two minutes, with idle sessions, typing ones and creates in the middle: streams and keys do not notice, creates fail within a second with the reason, and afterwards all is well by itself: jobs and schedules run, and what is due is done',
  run: async (stand) => {
    const streams = await stand.manyStreams(3)
    const [idle, typist] = [await stand.stream(), await stand.stream()]
    await idle.settle()
    const due = await stand.stream({ ttlSeconds: LONG_AWAY_MS / 2000 })
    stand.leave(due)
    const echoBeforeMs = await echoP99(typist)
    const measured = await away(stand, LONG_AWAY_MS, async () => {
      const end = performance.now() + LONG_AWAY_MS - PAUSE_MS
      const [echoDuringMs, refused] = await Promise.all([typedUntil(typist, end), refusedUntil(stand, end)])
      assertUnfelt(echoBeforeMs, echoDuringMs)
      return { echoBeforeMs, echoDuringMs, ...refused }
    })
    const begin = performance.now()
    assert.equal(await until('what was due has ended', () => stand.endReason(due.id), SCHEDULED_SECONDS), 'ttl')
    const dueEndedAfterS = secondsSince(begin)
    const schedulesAfterS = await schedulesRun(stand)
    return { longestGapMs: longest(streams), ...measured, dueEndedAfterS, schedulesAfterS }
  },
}
