/** BullMQ's locks, clocks and wedges: work hears of a lost lock, a stuck worker is replaced, a wrong clock does no harm. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from '@holdfast/service-kit'
import { eventually, newCluster, redisForTests } from '@holdfast/session-store/redis-server'
import { Redis } from 'ioredis'
import { METRICS } from '../src/metrics.ts'
import { workerConnection } from '../src/redis-connections.ts'
import { heldWork, newJobs, REF, refOf } from './jobs-fixture.ts'

const { skip, server } = await redisForTests(process.env)

test('work hears that its lock is lost, and what is held goes on meanwhile', { skip }, async (t) => {
  const cluster = newCluster()
  const { work, losses, release } = heldWork()
  t.after(release)
  const jobs = newJobs(t, server().url, { cluster })
  const redis = new Redis(server().url)
  t.after(() => redis.disconnect())
  await jobs.start(work)
  await jobs.converge(REF)
  const [lock] = await eventually('the lock', async () => {
    const locks = await redis.keys(`{hf:${cluster}}:converge:*:lock`)
    return locks.length === 1 && locks
  })
  await jobs.converge(refOf(1))
  await eventually('both run', () => losses.length === 2)
  await redis.del(lock ?? '')
  await eventually('told', () => losses[0]?.aborted === true, 12)
  assert.equal(losses[1]?.aborted, false)
})

test('work hears that its lock ran out while Redis does not answer', { skip }, async (t) => {
  const { work, losses, release } = heldWork()
  t.after(release)
  const jobs = newJobs(t, server().url)
  await jobs.start(work)
  await jobs.converge(REF)
  await eventually('the run', () => losses.length === 1)
  await server().pause()
  try {
    await eventually('told', () => losses[0]?.aborted === true, 15)
  } finally {
    await server().unpause()
  }
})

test('a worker that takes no jobs although some wait is replaced', { skip }, async (t) => {
  const metrics = createMetrics(METRICS)
  let made = 0
  let deaf = false
  const worker = () => {
    made += 1
    const connection = workerConnection(server().url) as Redis
    if (made > 1) return connection
    // As after a router forgot the connection: what is sent is never answered, and nobody is told.
    const send = connection.sendCommand.bind(connection)
    connection.sendCommand = (...call) => (deaf ? new Promise(() => {}) : send(...call))
    return connection
  }
  const jobs = newJobs(t, server().url, { metrics, worker })
  const { work, runs, release } = heldWork()
  release()
  await jobs.start(work)
  await jobs.converge(REF)
  await eventually('a run before', () => runs.length === 1)
  deaf = true
  await eventually(
    'replaced, and it works',
    async () => {
      await jobs.converge(refOf(1))
      await jobs.measure()
      return made === 2 && runs.some(({ id }) => id === refOf(1).id)
    },
    40,
  )
  assert.match(await metrics.registry.metrics(), /worker_restarts_total 1/)
})

test('a worker whose jobs all take long is not replaced', { skip }, async (t) => {
  const metrics = createMetrics(METRICS)
  const { work, runs, release } = heldWork()
  t.after(release)
  const jobs = newJobs(t, server().url, { metrics })
  await jobs.start(work)
  await Promise.all(Array.from({ length: 20 }, (_, at) => jobs.converge(refOf(at))))
  await eventually('all places are taken', () => runs.length === 16)
  const until = Date.now() + 11_000
  await eventually('longer than a stuck worker is given', async () => {
    await jobs.measure()
    return Date.now() > until
  })
  assert.match(await metrics.registry.metrics(), /worker_restarts_total 0/)
})

for (const [words, skewMs] of [
  ['ten minutes ahead', 600_000],
  ['ten minutes behind', -600_000],
] as const) {
  test(`a schedule set by a clock that is ${words} is put right`, { skip }, async (t) => {
    const cluster = newCluster()
    const wrong = { jobs: newJobs(t, server().url, { cluster }), ...heldWork() }
    const right = { jobs: newJobs(t, server().url, { cluster }), ...heldWork() }
    for (const { release } of [wrong, right]) release()
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + skewMs })
    try {
      await wrong.jobs.start(wrong.work)
      await wrong.jobs.ensureSchedules()
      await wrong.jobs.close(1_000)
    } finally {
      t.mock.timers.reset()
    }
    await right.jobs.start(right.work)
    await right.jobs.ensureSchedules()
    await eventually('rounds within their time', () => right.counts.lifetime > 1, 30)
  })
}
