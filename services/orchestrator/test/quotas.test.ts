/** Quotas through the API on real parts: refused, shown, freed, and rebuilt from the hosts alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redisForTests } from '@holdfast/session-store/redis-server'
import { Redis } from 'ioredis'
import { parseQuotas } from '../src/quotas.ts'
import { newWorld, startOrchestrator, tokenOf } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)
/** The record alone is enough: nobody waits for its host. */
const AT_ONCE = { prefer: 'wait=0' }
const SLEEP = { command: 'sleep', args: ['600'], limits: { cpus: 0.5, memoryMb: 256 } }

test('quotas of the file: a tenant’s own over the default, null for no limit, every mistake told', () => {
  const text = `
default: { sessions: 2, cpus: 4, createsPerMinute: 60 }
tenants:
  acme: { sessions: 10, cpus: null, burst: 5 }`
  const quotas = parseQuotas(text, 'x')
  const acme = { sessions: 10, cpus: null, memoryMb: null, createsPerMinute: 60, burst: 5 }
  assert.deepEqual(quotas.of('acme'), acme)
  assert.deepEqual(quotas.of('rival'), { sessions: 2, cpus: 4, memoryMb: null, createsPerMinute: 60, burst: null })
  for (const empty of ['', '{}', '{"tenants": {}}']) assert.equal(parseQuotas(empty, 'x').of('acme').sessions, null)
  const wrong = '{default: {sessions: -1}, tenants: {acme: {memoryMb: many}}, more: 1}'
  for (const fault of [/x:/, /default\.sessions/, /tenants\.acme\.memoryMb/, /more/]) {
    assert.throws(() => parseQuotas(wrong, 'x'), fault)
  }
  assert.throws(() => parseQuotas('{', 'x'), /^HoldfastError: x: /)
})

test('a tenant over its quota is refused until a session ends; the usage says where it stands', { skip }, async (t) => {
  const quotas = parseQuotas('default: { sessions: 2, memoryMb: 1024 }', 'x')
  const { call, metrics } = await startOrchestrator(t, await newWorld(t, server()), { quotas })
  const first = (await call('POST', '/v1/sessions', SLEEP, AT_ONCE)).session
  const large = await call('POST', '/v1/sessions', { ...SLEEP, limits: { memoryMb: 1000 } })
  assert.match(String(large.body.detail), /256 of 1024 MiB of memory are used, 1000 more wanted/)
  await call('POST', '/v1/sessions', SLEEP, AT_ONCE)
  const refused = await call('POST', '/v1/sessions', SLEEP)
  assert.equal(refused.status, 429)
  assert.equal(refused.body.code, 'QUOTA_EXCEEDED')
  assert.match(String(refused.body.detail), /2 of 2 sessions are used/)
  const retryAfter = Number(refused.headers['retry-after'])
  assert.ok(retryAfter >= 30 && retryAfter <= 60, `${retryAfter} s`)
  assert.match(await metrics(), /create_refused_total\{code="QUOTA_EXCEEDED"\} 2/)
  const quota = { sessions: 2, cpus: null, memoryMb: 1024, createsPerMinute: null, burst: null }
  const used = { sessions: 2, cpus: 1, memoryMb: 512 }
  assert.deepEqual((await call('GET', '/v1/usage')).body, { tenant: 'acme', used, quota })
  const rival = await call('GET', '/v1/usage', undefined, { authorization: tokenOf({ tenant: 'rival' }) })
  assert.deepEqual(rival.body.used, { sessions: 0, cpus: 0, memoryMb: 0 })
  assert.equal((await call('DELETE', `/v1/sessions/${first.id}`)).status, 204)
  assert.equal((await call('POST', '/v1/sessions', SLEEP, AT_ONCE)).status, 202)
})

test('a session without limits of its own counts those that its runtime gives it', { skip }, async (t) => {
  const { call } = await startOrchestrator(t, await newWorld(t, server()))
  await call('POST', '/v1/sessions', {}, AT_ONCE)
  assert.deepEqual((await call('GET', '/v1/usage')).body.used, { sessions: 1, cpus: 2, memoryMb: 2048 })
})

test('the usage of sessions that ended or failed is free again', { skip }, async (t) => {
  const { call, create, phase } = await startOrchestrator(t, await newWorld(t, server()))
  await phase((await create({ command: 'true' })).id, 'exited')
  assert.equal((await create({ command: 'no-such-command-here' })).phase, 'failed')
  assert.deepEqual((await call('GET', '/v1/usage')).body.used, { sessions: 0, cpus: 0, memoryMb: 0 })
})

test('after an emptied Redis the quota holds again, counted from what runs', { skip }, async (t) => {
  const quotas = parseQuotas('default: { sessions: 2 }', 'x')
  const { call, create, metrics } = await startOrchestrator(t, await newWorld(t, server()), { quotas })
  for (let n = 0; n < 2; n += 1) assert.equal((await create(SLEEP)).phase, 'running')
  const redis = new Redis(server().url)
  await redis.flushall()
  redis.disconnect()
  assert.equal((await call('POST', '/v1/sessions', SLEEP)).body.code, 'QUOTA_EXCEEDED')
  assert.deepEqual((await call('GET', '/v1/usage')).body.used, { sessions: 2, cpus: 1, memoryMb: 512 })
  assert.doesNotMatch(await metrics(), /correct-usage/)
})

test('a miscount is corrected by the next reconciliation', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const { call, create, engine } = await startOrchestrator(t, world)
  await create(SLEEP)
  const redis = new Redis(server().url)
  t.after(() => redis.disconnect())
  await redis.del(`hf:${world.cluster}:{acme}:usage`)
  assert.equal(((await call('GET', '/v1/usage')).body.used as { sessions: number }).sessions, 0)
  await redis.set(`hf:${world.cluster}:{$store}:epoch`, 'another') // the engine takes it for an emptied store
  await engine.recover()
  assert.deepEqual((await call('GET', '/v1/usage')).body.used, { sessions: 1, cpus: 0.5, memoryMb: 256 })
})

test('creates that come too fast are refused with a Retry-After that differs; repetitions are not', {
  skip,
}, async (t) => {
  const quotas = parseQuotas('default: { createsPerMinute: 6, burst: 2 }', 'x')
  const { call } = await startOrchestrator(t, await newWorld(t, server()), { quotas })
  const made = await call('POST', '/v1/sessions', SLEEP, { ...AT_ONCE, 'idempotency-key': 'once' })
  await call('POST', '/v1/sessions', SLEEP, AT_ONCE)
  const waits: number[] = []
  for (let n = 0; n < 5; n += 1) {
    const { status, body, headers } = await call('POST', '/v1/sessions', SLEEP, AT_ONCE)
    assert.equal(status, 429)
    assert.equal(body.code, 'TOO_MANY')
    assert.match(String(body.detail), /more than 6 sessions a minute/)
    waits.push(Number(headers['retry-after']))
  }
  assert.deepEqual(
    waits,
    waits.toSorted((a, b) => a - b),
  )
  assert.ok((waits.at(-1) ?? 0) - (waits[0] ?? 0) >= 29, waits.join())
  const again = await call('POST', '/v1/sessions', SLEEP, { ...AT_ONCE, 'idempotency-key': 'once' })
  assert.equal(again.session.id, made.session.id)
})
