/** BullMQ when Redis goes away and comes back: adding fails fast, and jobs are taken within 5 s of its return. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { Redis } from 'ioredis'
import type { Jobs } from '../src/jobs.ts'
import { heldWork, newJobs, REF, refOf } from './jobs-fixture.ts'

const { skip, server } = await redisForTests(process.env)

/** The number of clients that the server has, the one that asks among them. */
const clients = async (): Promise<number> => {
  const redis = new Redis(server().url)
  try {
    return Number(/connected_clients:(\d+)/.exec(await redis.info('clients'))?.[1])
  } finally {
    redis.disconnect()
  }
}

const takesJobsAgain = (jobs: Jobs, runs: unknown[]): Promise<boolean> => {
  const before = runs.length
  let number = 1000 * before
  // Another session each time: a job that was handed out as the connection broke is held until its lock runs out.
  const again = async () => {
    await jobs.converge(refOf(number++))
    return runs.length > before
  }
  return eventually('a run after', again, 5)
}

/** One that waits for jobs, and one that is in the middle of one. */
const idleAndBusy = async (t: TestContext) => {
  const { url } = server()
  const held = heldWork()
  t.after(held.release) // before the close that follows: what is still held then would be tried to be ended for ever
  const [idle, busy] = [
    { jobs: newJobs(t, url), ...heldWork() },
    { jobs: newJobs(t, url), ...held },
  ]
  idle.release()
  for (const { jobs, work, runs } of [idle, busy]) {
    await jobs.start(work)
    await jobs.converge(REF)
    await eventually('a run before', () => runs.length === 1)
  }
  return { idle, busy }
}

// From less than BullMQ's drainDelay (5 s) to more than its watchdog of the blocking connection takes (bullmq#4585).
for (const [how, seconds] of [
  ['stopped', 3],
  ['stopped', 6],
  ['stopped', 20],
  ['frozen', 12],
] as const) {
  test(`Redis ${how} for ${seconds} s, a worker idle and one mid-job`, { skip }, async (t) => {
    const { idle, busy } = await idleAndBusy(t)
    const before = await clients()
    const [down, up] = how === 'stopped' ? (['stop', 'start'] as const) : (['pause', 'unpause'] as const)
    await server()[down]()
    try {
      const begin = performance.now()
      await idle.jobs.converge(REF)
      assert.ok(performance.now() - begin < 3000, 'fails fast')
      assert.equal(idle.jobs.takeMissed(), true)
      await delay(seconds * 1000) // the length of the outage is what is tested
    } finally {
      await server()[up]()
    }
    await takesJobsAgain(idle.jobs, idle.runs)
    await busy.jobs.converge(refOf(1)) // another session: the one under way is still held
    await eventually('a run beside the one under way', () => busy.runs.length > 1, 5)
    busy.release()
    await eventually('no connection is left over', async () => (await clients()) <= before)
  })
}

test('connections killed by the server: jobs are taken again within 5 s', { skip }, async (t) => {
  const { idle, busy } = await idleAndBusy(t)
  const redis = new Redis(server().url)
  t.after(() => redis.disconnect())
  for (let round = 0; round < 5; round += 1) {
    await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await takesJobsAgain(idle.jobs, idle.runs)
  }
  await busy.jobs.converge(refOf(1))
  await eventually('a run beside the one under way', () => busy.runs.length > 1, 5)
})

test('Redis full: wake-ups are missed, not waited for, and come again when there is room', { skip }, async (t) => {
  const { idle } = await idleAndBusy(t)
  const redis = new Redis(server().url)
  t.after(() => redis.disconnect())
  await redis.config('SET', 'maxmemory', '1')
  try {
    await idle.jobs.converge(refOf(1))
    assert.equal(idle.jobs.takeMissed(), true)
  } finally {
    await redis.config('SET', 'maxmemory', '0')
  }
  await takesJobsAgain(idle.jobs, idle.runs)
})
