/** The session store on a real Redis 7: what every store does, keys and secrets, and an emptied server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { incarnationOf } from '@holdfast/protocol'
import { redisStore } from '../src/index.ts'
import { recordConformance } from './conformance.ts'
import { deathOf, deathsConformance } from './deaths-conformance.ts'
import { CANARY, coded, collect, newRecord, runningRecord } from './examples.ts'
import { readingConformance } from './reading-conformance.ts'
import { newCluster } from './redis-server.ts'
import { storesForTests } from './stores.ts'

const { skip, redis, openStore } = await storesForTests(process.env)

recordConformance('redis', openStore, skip)
readingConformance('redis', openStore, skip)
deathsConformance('redis', openStore, skip)

test('redis: a store that was never opened refuses writes', { skip }, async () => {
  const store = redisStore({ redis: redis(), cluster: newCluster() })
  await assert.rejects(store.create(newRecord()), coded('STALE'))
})

test('redis: open says true for a new store and false for a known one', { skip }, async () => {
  const cluster = newCluster()
  const store = redisStore({ redis: redis(), cluster })
  assert.equal(await store.open(), true)
  await store.create(newRecord())
  assert.equal(await store.open(), false)
  assert.equal(await redisStore({ redis: redis(), cluster }).open(), false)
})

test('redis: after FLUSHALL the next write is refused, open says true, and adoption goes on with a new placement', {
  skip,
}, async () => {
  const store = await openStore()
  const old = runningRecord()
  await store.adopt(old)
  await redis().flushall()
  await assert.rejects(store.transition(old.tenant, old.id, old, { phase: 'stopping' }), coded('STALE'))
  await assert.rejects(store.create(newRecord()), coded('STALE'))
  await assert.rejects(store.create(newRecord({ tenant: 'never seen' })), coded('STALE'))
  await assert.rejects(store.adopt(old), coded('STALE'))
  await assert.rejects(
    store.saveScreen(old.tenant, old.id, { text: '', ansi: '', html: '', json: '' }, 1),
    coded('STALE'),
  )
  await assert.rejects(collect(store.scan()), coded('STALE'))
  assert.equal(await store.open(), true)
  assert.deepEqual(await store.adopt(old), old)
  assert.deepEqual(await collect(store.scan()), [old])
  assert.equal(await store.open(), false)
})

test('redis: a record that cannot be read is none: it hides no other one, and an adoption puts a new one in its place', {
  skip,
}, async () => {
  const cluster = newCluster()
  const store = await openStore(cluster)
  const [bad, good] = [runningRecord({ fence: 3 }), runningRecord()]
  for (const record of [bad, good]) await store.adopt(record)
  const [key] = await redis().keys(`hf:${cluster}:*:session:${bad.id}`)
  await redis().hset(key as string, 'conditions', '[{"type":')
  assert.equal(await store.get(bad.tenant, bad.id), null)
  assert.deepEqual(await collect(store.scan()), [good])
  assert.deepEqual((await store.list({ tenant: good.tenant, limit: 9 })).records, [good])
  assert.equal((await store.adopt({ ...bad, fence: 2 })).fence, 2)
  assert.equal((await store.get(bad.tenant, bad.id))?.fence, 2)
})

test('redis: after FLUSHALL every replica learns of it, also when another has opened the store again', {
  skip,
}, async () => {
  const cluster = newCluster()
  const [first, second] = [await openStore(cluster), await openStore(cluster)]
  const record = await second.adopt(runningRecord())
  await redis().flushall()
  assert.equal(await first.open(), true)
  await first.adopt(record)
  await assert.rejects(second.transition(record.tenant, record.id, record, { phase: 'stopping' }), coded('STALE'))
  assert.equal(await second.open(), true)
  const stopping = await second.transition(record.tenant, record.id, record, { phase: 'stopping' })
  assert.equal(stopping.phase, 'stopping')
  await first.transition(stopping.tenant, stopping.id, stopping, { phase: 'exited' })
})

test('redis: the loss of one tenant’s keys alone is noticed too', { skip }, async () => {
  const cluster = newCluster()
  const store = await openStore(cluster)
  await store.adopt(runningRecord())
  await store.adopt(runningRecord({ tenant: 'other' }))
  await redis().del(...(await redis().keys(`hf:${cluster}:{acme}:*`)))
  await assert.rejects(store.create(newRecord()), coded('STALE'))
  assert.equal(await store.open(), true)
  await store.create(newRecord())
  assert.equal((await collect(store.scan())).length, 2)
})

test('redis: a new tenant may come first through any replica, or through many at once', { skip }, async () => {
  const cluster = newCluster()
  const stores = await Promise.all(Array.from({ length: 5 }, () => openStore(cluster)))
  await Promise.all(stores.map((store) => store.create(newRecord())))
  assert.equal((await collect((await openStore(cluster)).scan())).length, 5)
  assert.equal(await stores[0]?.open(), false)
})

test('redis: every key carries a hash tag', { skip }, async () => {
  const cluster = newCluster()
  const store = await openStore(cluster)
  const { record } = await store.create(newRecord({ tenant: 'a}b{c' }), { key: 'k', bodyHash: 'b' })
  await store.saveScreen(record.tenant, record.id, { text: '', ansi: '', html: '', json: '' }, 60_000)
  const grant = { tenant: record.tenant, session: record.id, principal: 'ada', mode: 'rw' } as const
  await store.putTicket('secret-ticket', grant, 60_000, 1)
  const keys = await redis().keys(`hf:${cluster}:*`)
  assert.equal(keys.length, 10)
  for (const key of keys) assert.match(key, /^hf:[a-z0-9]+:(ticket:)?\{[^{}]+\}/)
  const tenantTags = keys.filter((key) => key.includes('a%7D')).map((key) => /\{[^}]+\}/.exec(key)?.[0])
  assert.deepEqual(new Set(tenantTags), new Set(['{a%7Db%7Bc}']))
  assert.ok(!keys.join().includes('secret-ticket'))
})

test('redis: idempotency keys and tickets and screens do not stay for ever', { skip }, async () => {
  const cluster = newCluster()
  const store = await openStore(cluster)
  await store.create(newRecord(), { key: 'k', bodyHash: 'b' })
  const [key = ''] = await redis().keys(`hf:${cluster}:{acme}:idempotency:*`)
  const leftMs = await redis().pttl(key)
  assert.ok(leftMs > 23 * 3_600_000 && leftMs <= 24 * 3_600_000, `${leftMs} ms`)
})

test('redis: deaths whose time is over are dropped as new ones come, and with the last one all are', {
  skip,
}, async () => {
  const cluster = newCluster()
  const store = await openStore(cluster)
  const die = async (keepMs: number) => {
    const record = await store.adopt(runningRecord())
    const end = { death: deathOf(record), keepMs }
    await store.transition(record.tenant, record.id, record, { phase: 'exited' }, end)
  }
  for (let n = 0; n < 250; n += 1) await die(60_000)
  const key = `hf:${cluster}:{acme}:deaths`
  assert.equal(await redis().xlen(key), 250)
  assert.ok((await redis().pttl(key)) > 50_000)
  const last = await redis().xrevrange(key, '+', '-', 'COUNT', 1)
  const lastMs = Number(last[0]?.[0].split('-')[0])
  while (Date.now() <= lastMs + 5) await redis().ping() // the clock of streams has milliseconds
  await die(1)
  assert.ok((await redis().xlen(key)) <= 100, 'whole nodes of a hundred entries go')
})

test('redis: no value holds the environment once the session runs', { skip }, async () => {
  await redis().flushall()
  const store = await openStore()
  const everything = async (): Promise<string> => {
    const dumps = await Promise.all((await redis().keys('*')).map((key) => redis().dumpBuffer(key)))
    return Buffer.concat(dumps).toString('latin1')
  }
  const { record } = await store.create(newRecord(), { key: 'k', bodyHash: 'b' })
  const placed = await store.place(record.tenant, record.id, record, { incarnation: incarnationOf(1) })
  assert.ok((await everything()).includes(CANARY), 'the canary can be seen in a dump while it is there')
  await store.transition(placed.tenant, placed.id, placed, { phase: 'running' })
  assert.ok(!(await everything()).includes(CANARY))
})
