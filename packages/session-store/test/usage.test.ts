/** Quotas on a real Redis 7: what counts, what is refused, and what becomes of miscounts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HoldfastError, incarnationOf, NO_QUOTA, type Quota } from '@holdfast/protocol'
import { Redis } from 'ioredis'
import type { SessionRecord, SessionStore } from '../src/index.ts'
import { coded, collect, newRecord, runningRecord } from './examples.ts'
import { newCluster } from './redis-server.ts'
import { storesForTests } from './stores.ts'

const { skip, server, redis, openStore } = await storesForTests(process.env)

const SIZE = { limits: { cpus: 0.5, memoryMb: 512 } }
const NONE = { sessions: 0, cpus: 0, memoryMb: 0 }
const ONE = { sessions: 1, cpus: 0.5, memoryMb: 512 }
const quota = (over: Partial<Quota>): Quota => ({ ...NO_QUOTA, ...over })

const create = async (store: SessionStore, limits: Partial<Quota> = {}): Promise<SessionRecord> =>
  (await store.create(newRecord(SIZE), undefined, quota(limits))).record

const refusal = async (store: SessionStore, limits: Partial<Quota>): Promise<HoldfastError> => {
  const error: unknown = await create(store, limits).then(
    () => 'made',
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof HoldfastError)) throw new Error(`not refused: ${error}`)
  return error
}

const correct = async (store: SessionStore): Promise<number> =>
  store.correctUsage(new Map((await collect(store.scan())).map((record) => [record.id, record])))

test('a session counts from its creation to its end, once', { skip }, async () => {
  const store = await openStore()
  assert.deepEqual(await store.usage('acme'), NONE)
  const made = await create(store)
  const placed = await store.place('acme', made.id, made, { incarnation: incarnationOf(1) })
  const running = await store.transition('acme', made.id, placed, { phase: 'running' })
  const stopping = await store.transition('acme', made.id, running, { phase: 'stopping' })
  assert.deepEqual(await store.usage('acme'), ONE)
  const exited = await store.transition('acme', made.id, stopping, { phase: 'exited' })
  assert.deepEqual(await store.usage('acme'), NONE)
  await store.transition('acme', made.id, exited, { forget: true })
  await store.remove('acme', made.id, exited)
  assert.deepEqual(await store.usage('acme'), NONE)
  const removed = await create(store)
  await store.remove('acme', removed.id, removed)
  assert.deepEqual(await store.usage('acme'), NONE)
})

test('over quota a create is refused with what is used and allowed, and makes nothing', { skip }, async () => {
  const store = await openStore()
  const first = await create(store, { sessions: 1 })
  const tries: [Partial<Quota>, RegExp][] = [
    [{ sessions: 1 }, /1 of 1 sessions are used/],
    [{ cpus: 0.9 }, /0\.5 of 0\.9 CPU cores are used, 0\.5 more wanted/],
    [{ memoryMb: 1000, sessions: 1 }, /1 of 1 sessions.*512 of 1000 MiB of memory are used, 512 more wanted/],
  ]
  for (const [limits, words] of tries) {
    const error = await refusal(store, limits)
    assert.equal(error.code, 'QUOTA_EXCEEDED')
    assert.match(error.message, words)
    assert.ok(error.retryAfterMs !== undefined && error.retryAfterMs >= 30_000 && error.retryAfterMs <= 60_000)
  }
  assert.deepEqual(await store.usage('acme'), ONE)
  assert.equal((await store.list({ tenant: 'acme', limit: 10 })).records.length, 1)
  await store.create(newRecord({ ...SIZE, tenant: 'other' }), undefined, quota({ sessions: 1 }))
  await store.transition('acme', first.id, first, { phase: 'failed' })
  await create(store, { sessions: 1, cpus: 0.5, memoryMb: 512 })
})

test('of 50 creates at once exactly as many succeed as the quota allows', { skip }, async () => {
  const cluster = newCluster()
  const stores = await Promise.all([openStore(cluster), openStore(cluster)])
  const tries = Array.from({ length: 50 }, (_, at) => create(stores[at % 2] as SessionStore, { sessions: 10 }))
  const made = (await Promise.allSettled(tries)).filter(({ status }) => status === 'fulfilled')
  assert.equal(made.length, 10)
  assert.equal((await stores[0]?.usage('acme'))?.sessions, 10)
})

test('a repetition under the same idempotency key is neither counted nor refused', { skip }, async () => {
  const store = await openStore()
  const limits = quota({ sessions: 1, createsPerMinute: 1, burst: 1 })
  const again = () => store.create(newRecord(SIZE), { key: 'k', bodyHash: 'b' }, limits)
  const { record } = await again()
  for (let n = 0; n < 5; n += 1) assert.deepEqual(await again(), { record, created: false })
  assert.deepEqual(await store.usage('acme'), ONE)
})

test('an adoption counts, also over the quota, and a newer one counts no second time', { skip }, async () => {
  const store = await openStore()
  await create(store, { sessions: 1 })
  const old = await store.adopt(runningRecord({ ...SIZE, fence: 1 }))
  const larger = { ...old, fence: 2, incarnation: incarnationOf(2), limits: { cpus: 2, memoryMb: 1024 } }
  await store.adopt(larger)
  await store.adopt(larger)
  assert.deepEqual(await store.usage('acme'), { sessions: 2, cpus: 2.5, memoryMb: 1536 })
})

test('after FLUSHALL the adoptions count anew', { skip }, async () => {
  const store = await openStore()
  const records = await Promise.all(Array.from({ length: 5 }, () => store.adopt(runningRecord(SIZE))))
  await redis().flushall()
  await store.open()
  assert.deepEqual(await store.usage('acme'), NONE)
  for (const record of records) await store.adopt(record)
  assert.deepEqual(await store.usage('acme'), { sessions: 5, cpus: 2.5, memoryMb: 2560 })
  assert.equal(await correct(store), 0)
})

test('miscounts are found and corrected, also while sessions come and go', { skip }, async () => {
  const cluster = newCluster()
  const store = await openStore(cluster)
  const usage = `hf:${cluster}:{acme}:usage`
  const [lost, gone, ended, kept] = await Promise.all([1, 2, 3, 4].map(() => create(store)))
  await redis().hdel(usage, lost?.id ?? '')
  await redis().del(`hf:${cluster}:{acme}:session:${gone?.id}`)
  await redis().hset(`hf:${cluster}:{acme}:session:${ended?.id}`, 'phase', '"exited"')
  await redis().hset(usage, kept?.id ?? '', '7 7 7')
  await redis().hset(usage, '@memoryMb', '99999')
  const churn = Promise.all(
    Array.from({ length: 200 }, async () => {
      const made = await create(store)
      await store.transition('acme', made.id, made, { phase: 'failed' })
    }),
  )
  assert.ok((await correct(store)) >= 5)
  await churn
  await correct(store)
  assert.deepEqual(await store.usage('acme'), { sessions: 2, cpus: 1, memoryMb: 1024 })
  assert.equal(await correct(store), 0)
})

test('a burst passes; then each one refused is sent away for longer than the one before', { skip }, async () => {
  const store = await openStore()
  const limits = { createsPerMinute: 6, burst: 3 } // one in 10 s, so that none comes while we try
  for (let n = 0; n < 3; n += 1) await create(store, limits)
  const waits: number[] = []
  for (let n = 0; n < 20; n += 1) {
    const error = await refusal(store, limits)
    assert.equal(error.code, 'TOO_MANY')
    assert.match(error.message, /more than 6 sessions a minute; try again in \d+ s/)
    waits.push(error.retryAfterMs ?? 0)
  }
  // 10 s apart each, jittered within them; from a minute on the slots begin anew.
  for (const [at, wait] of waits.slice(0, 5).entries()) {
    assert.ok(wait > at * 10_000 && wait < (at + 2) * 10_000, `${at}: ${wait} ms`)
  }
  assert.ok(
    waits.every((wait) => wait <= 70_000),
    `${Math.max(...waits)} ms`,
  )
  assert.equal((await store.usage('acme')).sessions, 3)
  const other = await store.create(newRecord({ tenant: 'other' }), undefined, quota(limits))
  assert.equal(other.created, true)
})

test('the pace holds in the long run, and what it needs in Redis does not stay', { skip }, async () => {
  const cluster = newCluster()
  const store = await openStore(cluster)
  const limits = { createsPerMinute: 600, burst: 1 } // one in 100 ms
  const begin = performance.now()
  for (let made = 0; made < 5; ) {
    const passed = await create(store, limits).then(
      () => true,
      (error) => !coded('TOO_MANY')(error),
    )
    if (passed) made += 1
  }
  assert.ok(performance.now() - begin >= 399, 'the first at once, four in 100 ms each')
  const leftMs = await redis().pttl(`hf:${cluster}:{acme}:rate`)
  assert.ok(leftMs > 0 && leftMs <= 61_000, `${leftMs} ms`)
})

test('a create costs as much beside 100,000 sessions of the tenant as beside none', { skip }, async () => {
  const cluster = newCluster()
  const store = await openStore(cluster)
  const limits = { sessions: 1_000_000, cpus: 1_000_000, memoryMb: 1_000_000_000, createsPerMinute: 60_000 }
  /** Mean time of one create in the server, microseconds: of the best of some rounds, for in any of them the server may have had to wait for the machine. */
  const cost = async (): Promise<number> => {
    const means: number[] = []
    for (let round = 0; round < 6; round += 1) {
      await redis().config('RESETSTAT')
      for (let n = 0; n < 50; n += 1) await create(store, limits)
      means.push(Number(/cmdstat_evalsha:.*usec_per_call=([\d.]+)/.exec(await redis().info('commandstats'))?.[1]))
    }
    return Math.min(...means)
  }
  await create(store, limits)
  const alone = await cost()
  const { id } = await create(store)
  const copies = `
    local record, usage, index = redis.call('HGETALL', KEYS[1]), KEYS[2], KEYS[3]
    for n = 1, 100000 do
      local copy = 'local-' .. string.format('%014d', n)
      redis.call('HSET', ARGV[1] .. copy, unpack(record))
      redis.call('HSET', usage, copy, '1 500 512')
      redis.call('ZADD', index, 0, string.format('%015d', n) .. ':' .. copy)
    end`
  const base = `hf:${cluster}:{acme}`
  const patient = new Redis(server().url) // the store's own connection gives up after 0.8 s
  try {
    await patient.eval(copies, 3, `${base}:session:${id}`, `${base}:usage`, `${base}:index`, `${base}:session:`)
  } finally {
    patient.disconnect()
  }
  const crowded = await cost()
  assert.ok(crowded < 4 * alone + 50, `${alone} µs alone, ${crowded} µs in the crowd`)
})
