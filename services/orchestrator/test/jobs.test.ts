/** BullMQ as we use it, on a real Redis: deduplication, delayed looks, outages, lost schedules. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createMetrics, newLogger } from '@holdfast/service-kit'
import { eventually, newCluster, redisForTests } from '@holdfast/session-store/redis-server'
import { Redis } from 'ioredis'
import { bullJobs, type Jobs, type Ref, type Work } from '../src/jobs.ts'
import { METRICS } from '../src/metrics.ts'
import { producerConnection, workerConnection } from '../src/redis-connections.ts'

const { skip, server } = await redisForTests(process.env)
const REF = { tenant: 'acme', id: 'local-0123456789abcd' }

const newJobs = (t: TestContext, url = server().url): Jobs => {
  const jobs = bullJobs({
    connections: { producer: () => producerConnection(url), worker: () => workerConnection(url) },
    cluster: newCluster(),
    logger: newLogger('test', process.env.LOG_LEVEL ?? 'silent'),
    metrics: createMetrics(METRICS),
  })
  t.after(() => jobs.close(2_000))
  return jobs
}

/** Work whose converge runs are counted and held until let go. */
const heldWork = () => {
  const runs: Ref[] = []
  let release = (): void => {}
  const gate = new Promise<void>((done) => {
    release = done
  })
  const counts = { reconcile: 0, lifetime: 0, atOnce: 0, most: 0 }
  const work: Work = {
    converge: async (ref) => {
      runs.push(ref)
      counts.atOnce += 1
      counts.most = Math.max(counts.most, counts.atOnce)
      await gate
      counts.atOnce -= 1
    },
    reconcile: async () => {
      counts.reconcile += 1
    },
    lifetime: async () => {
      counts.lifetime += 1
    },
  }
  return { work, runs, counts, release: () => release() }
}

test('1000 requests during one slow run are exactly one more run', { skip }, async (t) => {
  const jobs = newJobs(t)
  const { work, runs, counts, release } = heldWork()
  await jobs.start(work)
  await jobs.converge(REF)
  await eventually('the first run', () => runs.length === 1)
  await Promise.all(Array.from({ length: 1000 }, () => jobs.converge(REF)))
  release()
  await eventually('the second run', () => runs.length === 2)
  // A third one would be taken before this other session, which was asked for last.
  const last = { ...REF, id: 'local-zzzzzzzzzzzzzz' }
  await jobs.converge(last)
  await eventually('the other session', () => runs.some(({ id }) => id === last.id))
  assert.deepEqual(runs, [REF, REF, last])
  assert.equal(counts.most, 1)
})

test('a look asked for later does not swallow one asked for now, and comes all the same', { skip }, async (t) => {
  const jobs = newJobs(t)
  const { work, runs, release } = heldWork()
  release()
  await jobs.start(work)
  await jobs.later(REF, 3_600_000)
  await jobs.converge(REF)
  await eventually('the run of now', () => runs.length === 1)
  await jobs.later(REF, 50) // takes the place of the one in an hour
  await eventually('the run of later', () => runs.length === 2)
})

test('periodic jobs come back after the queue was emptied', { skip }, async (t) => {
  const jobs = newJobs(t)
  const { work, counts } = heldWork()
  await jobs.start(work)
  await jobs.ensureSchedules()
  await eventually('the first round', () => counts.lifetime > 0 && counts.reconcile > 0)
  const redis = new Redis(server().url)
  await redis.flushall()
  redis.disconnect()
  const before = { ...counts }
  await jobs.ensureSchedules()
  await eventually('a new round', () => counts.lifetime > before.lifetime && counts.reconcile > before.reconcile)
})

test('depth and age of the queue are measured, and jobs that hang do not hold up the close', { skip }, async (t) => {
  const metrics = createMetrics(METRICS)
  const { url } = server()
  const jobs = bullJobs({
    connections: { producer: () => producerConnection(url), worker: () => workerConnection(url) },
    cluster: newCluster(),
    logger: newLogger('test', 'silent'),
    metrics,
  })
  const { work, runs, release } = heldWork()
  t.after(async () => {
    release()
    await jobs.close(2_000)
  })
  await jobs.start(work)
  const ids = Array.from({ length: 18 }, (_, at) => `local-${String(at).padStart(14, '0')}`)
  await Promise.all(ids.map((id) => jobs.converge({ ...REF, id })))
  await eventually('all workers busy', () => runs.length === 16)
  const text = await eventually('two that wait', async () => {
    await jobs.measure()
    const all = await metrics.registry.metrics()
    const age = Number(/queue_oldest_seconds ([\d.]+)/.exec(all)?.[1])
    return all.includes('queue_jobs{state="waiting"} 2') && age > 0 && all
  })
  assert.match(text, /queue_jobs\{state="active"\} 16/)
  await jobs.close(100)
})

test('Redis down at the start: waits, takes jobs when it comes, and can be closed meanwhile', { skip }, async (t) => {
  await server().stop()
  let started: Promise<void> | undefined
  const { work, runs, release } = heldWork()
  release()
  const jobs = newJobs(t)
  try {
    const given = newJobs(t)
    const waiting = given.start(work)
    await given.close(1_000)
    await waiting
    started = jobs.start(work)
    await jobs.converge(REF)
    assert.equal(jobs.takeMissed(), true)
    assert.equal(jobs.takeMissed(), false)
  } finally {
    await server().start()
  }
  await started
  await jobs.converge(REF)
  await eventually('the run', () => runs.length === 1)
})

for (const outage of ['stopped', 'frozen'] as const) {
  test(`Redis ${outage} for a while: adding fails fast, jobs are taken within 5 s of its return`, {
    skip,
  }, async (t) => {
    const jobs = newJobs(t)
    const { work, runs, release } = heldWork()
    release()
    await jobs.start(work)
    await jobs.converge(REF)
    await eventually('a run before', () => runs.length === 1)
    const [down, up] = outage === 'stopped' ? (['stop', 'start'] as const) : (['pause', 'unpause'] as const)
    await server()[down]()
    try {
      await jobs.converge(REF)
      assert.equal(jobs.takeMissed(), true)
      // Longer than drainDelay: BullMQ's watchdog of the blocking connection has struck by then (bullmq#4585).
      const until = Date.now() + 12_000
      await eventually('the outage', () => Date.now() > until)
    } finally {
      await server()[up]()
    }
    await eventually(
      'a run after',
      async () => {
        await jobs.converge(REF)
        return runs.length > 1
      },
      5,
    )
  })
}
