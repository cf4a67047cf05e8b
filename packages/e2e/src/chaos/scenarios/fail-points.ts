/** The orchestrator dies right before and right after each call to the outside that a create or a stop makes. */
import assert from 'node:assert/strict'
import type { Measured, Scenario } from '../scenario.ts'
import { COUNTING } from '../stand/counted.ts'
import type { Stand } from '../stand/stand.ts'
import { secondsSince, until } from '../stand/until.ts'
import { poolIsFull, WARM, WARM_POOL } from './pool.ts'

export const around = (...calls: readonly string[]): string[] =>
  calls.flatMap((call) => [`${call}:before`, `${call}:after`])

/** Not around the node's ping before store.place, which changes nothing, and which the orchestrator's start makes, too. */
const CREATE = around(
  ...['store.create', 'jobs.converge', 'store.place', 'runtime.create'],
  ...['host.ready', 'runtime.seal', 'host.claim', 'store.transition'],
)
const CLAIM = around('warm.take', 'store.place', 'runtime.assign', 'host.claim')
const STOP = around('store.transition', 'jobs.converge', 'host.stop', 'runtime.remove', 'store.remove')

/** A killed worker holds its job for lock and stalled interval, 15 s; then the work itself. */
export const WHOLE_SECONDS = 60

/** Runs `work` on an orchestrator with this fail point, which it must hit; then starts a sound one. */
export const dieAt = async (stand: Stand, point: string, work: () => Promise<unknown>): Promise<void> => {
  const { orchestrator } = stand
  await orchestrator.end('SIGTERM')
  await orchestrator.start({ HOLDFAST_FAIL_POINT: point })
  const answered = work().catch(() => undefined) // the call dies with the orchestrator
  await until(`the orchestrator dies at ${point}`, () => !orchestrator.runs, WHOLE_SECONDS)
  assert.equal(await orchestrator.ended(), 'SIGKILL')
  await orchestrator.start()
  await answered
}

const createAround = async (stand: Stand, points: readonly string[], body = COUNTING): Promise<Measured> => {
  let longestS = 0
  for (const point of points) {
    const options = { idempotencyKey: point, waitSeconds: 5 }
    await dieAt(stand, point, () => stand.client.createSession(body, options))
    const begin = performance.now()
    const made = await until(
      `the create repeated after ${point} runs`,
      async () => {
        const session = await stand.client.createSession(body, options)
        return session.phase === 'running' && session
      },
      WHOLE_SECONDS,
    )
    longestS = Math.max(longestS, secondsSince(begin))
    stand.view(made.id)
  }
  const { sessions } = await stand.client.listSessions({ limit: 200 })
  assert.equal(sessions.length, points.length, 'a create and its repetition are one session')
  return { points: points.length, longestUntilRunningS: longestS }
}

const stopAround = async (stand: Stand, points: readonly string[]): Promise<Measured> => {
  let longestS = 0
  for (const point of points) {
    const stream = await stand.stream()
    await dieAt(stand, point, () => stand.end(stream))
    const begin = performance.now()
    const gone = async () => {
      await stand.client.deleteSession(stream.id).catch(() => undefined)
      return (await stand.phase(stream.id)) === 'none'
    }
    await until(`the session stopped at ${point} is gone`, gone, WHOLE_SECONDS)
    longestS = Math.max(longestS, secondsSince(begin))
  }
  return { points: points.length, longestUntilGoneS: longestS }
}

export const createFailPoints: Scenario = {
  name: 'create-fail-points',
  promise:
    'SIGKILL of the orchestrator around every step of a create: the create repeated with its key is one session in one container',
  run: (stand) => createAround(stand, CREATE),
}

export const claimFailPoints: Scenario = {
  name: 'claim-fail-points',
  promise:
    'SIGKILL of the orchestrator around every step of a claim from a warm pool: the repeated create is one session, no host is given twice, and the pool is full again',
  needs: { templates: WARM_POOL },
  run: async (stand) => {
    stand.waiting = WARM
    await poolIsFull(stand)
    return createAround(stand, CLAIM, { ...COUNTING, template: 'warm' })
  },
}

export const stopFailPoints: Scenario = {
  name: 'stop-fail-points',
  promise: 'SIGKILL of the orchestrator around every step of a stop: the session ends, and nothing of it is left',
  run: (stand) => stopAround(stand, STOP),
}

export const someFailPoints: Scenario = {
  name: 'some-fail-points',
  promise: 'SIGKILL of the orchestrator when it has just made a container: the repeated create finds that one',
  quick: true,
  run: (stand) => createAround(stand, ['runtime.create:after']),
}
