/** BullMQ as we use it, on a real Redis: deduplication, delayed looks, outages, lost schedules. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from '@holdfast/service-kit'
import { eventually, newCluster, redisForTests } from '@holdfast/session-store/redis-server'
import { Redis } from 'ioredis'
import { METRICS } from '../src/metrics.ts'
import { heldWork, newJobs, REF, refOf } from './jobs-fixture.ts'

const { skip, server } = await redisForTests(process.env)

test('1000 requests during one slow run are exactly one more run', { skip }, async (t) => {
  const jobs = newJobs(t, server().url)
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
  const jobs = newJobs(t, server().url)
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
  const jobs = newJobs(t, server().url)
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
  const jobs = newJobs(t, server().url, { metrics })
  const { work, runs, release } = heldWork()
  t.after(async () => {
    release()
    await jobs.close(2_000)
  })
  await jobs.start(work)
  await Promise.all(Array.from({ length: 18 }, (_, at) => jobs.converge(refOf(at))))
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
  const jobs = newJobs(t, server().url)
  try {
    const given = newJobs(t, server().url)
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

test('a close waits for what runs, up to its limit', { skip }, async (t) => {
  const jobs = newJobs(t, server().url)
  const { work, runs, counts, release } = heldWork()
  await jobs.start(work)
  await jobs.converge(REF)
  await eventually('the run', () => runs.length === 1)
  const closing = jobs.close(20_000)
  release()
  await closing
  assert.equal(counts.atOnce, 0)
})

test('100,000 jobs leave nothing behind', { skip, timeout: 600_000 }, async (t) => {
  const cluster = newCluster()
  const jobs = newJobs(t, server().url, { cluster })
  const redis = new Redis(server().url)
  t.after(() => redis.disconnect())
  const { work, runs, release } = heldWork()
  release()
  await jobs.start(work)
  const size = async () => ({
    keys: (await redis.keys(`{hf:${cluster}}*`)).length,
    bytes: Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]),
  })
  const runMany = async (from: number, count: number): Promise<void> => {
    for (let at = from; at < from + count; at += 5000) {
      await Promise.all(Array.from({ length: 5000 }, (_, n) => jobs.converge(refOf(at + n))))
      await eventually('they are done', () => runs.length >= at + 5000, 120)
    }
    // A run counts when it begins; what the last ones have in Redis goes when they end.
    await eventually('none is left', async () => (await redis.llen(`{hf:${cluster}}:converge:active`)) === 0)
  }
  await runMany(0, 5_000)
  const before = await size()
  await runMany(5_000, 95_000)
  const after = await size()
  assert.ok(after.keys <= before.keys + 5, `${before.keys} keys, then ${after.keys}`)
  assert.ok(after.bytes < before.bytes + 2 * 1024 * 1024, `${before.bytes} bytes, then ${after.bytes}`)
})
