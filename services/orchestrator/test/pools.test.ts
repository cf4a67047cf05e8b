/** Warm pools with real hosts: filled, claimed by one session each, bound late, mended, and harmless when they fail. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import type { Placement, Session } from '@holdfast/protocol'
import type { Runtime } from '@holdfast/runtime'
import { storeConnection } from '@holdfast/session-store'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { isWarm, nodesWithWarm } from '../src/pool-host.ts'
import { poolsOf } from '../src/warm-pool.ts'
import { newWorld, type Orchestrator, secondNode, startOrchestrator, tokenOf, type World } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)
const operator = () => ({ authorization: tokenOf({ role: 'operator' }) })
const templates = (pool: string) => `
- name: shell
  command: [bash, --norc]
  env: { FROM_TEMPLATE: yes-it-is }
  pool: ${pool}
- name: cold
  command: [bash, --norc]
`

/** Cannot make warm hosts. */
const poolless = (runtime: Runtime): Runtime => ({
  ...runtime,
  create: (spec) => (spec.hostId.startsWith('warm-') ? Promise.reject(new Error('not here')) : runtime.create(spec)),
})

const warmOnes = async ({ runtime }: Pick<World, 'runtime'>) => (await runtime.list()).filter(isWarm)
/** Nothing of it while the store does not answer. */
const poolOf = async ({ call }: Orchestrator): Promise<Record<string, unknown>> => {
  const { status, body } = await call('GET', '/v1/pools', undefined, operator())
  return status === 503 ? {} : ((body.pools as Record<string, unknown>[])[0] ?? {})
}
const filled = (orchestrator: Orchestrator, waiting: number) =>
  eventually(`${waiting} hosts wait`, async () => (await poolOf(orchestrator)).waiting === waiting, 60)

const start = async (t: TestContext, pool: string, overrides: { runtime?: Runtime } = {}) => {
  const world = await newWorld(t, server())
  const orchestrator = await startOrchestrator(t, world, { templates: templates(pool), ...overrides })
  return { world, orchestrator }
}
const hostOf = async (orchestrator: Orchestrator, { id }: Session): Promise<string | null | undefined> =>
  (await orchestrator.engine.domain.store.get('acme', id))?.hostId
const says = async (orchestrator: Orchestrator, { id }: Session, text: string): Promise<void> => {
  const { body } = await orchestrator.call('POST', `/v1/sessions/${id}/wait`, { until: 'text', text })
  assert.equal(body.met, true, `${id} shows ${text}`)
}

test('a session gets a warm host with its own command, directory and environment; the pool is filled again', {
  skip,
}, async (t) => {
  const { world, orchestrator } = await start(t, '{ size: 2 }')
  await filled(orchestrator, 2)
  const before = (await warmOnes(world)).map(({ hostId }) => hostId)
  const script = 'pwd; echo "$FROM_TEMPLATE $SECRET"; cat'
  const session = await orchestrator.create({
    command: 'sh',
    args: ['-c', script],
    cwd: '/usr',
    env: { SECRET: 'of-mine' },
  })
  assert.equal(session.phase, 'running')
  assert.ok(before.includes((await hostOf(orchestrator, session)) ?? ''))
  await says(orchestrator, session, '^/usr$')
  await says(orchestrator, session, '^yes-it-is of-mine$')
  await filled(orchestrator, 2)
  assert.match(await orchestrator.metrics(), /warm_claims_total{template="shell",outcome="hit"} 1/)
  await orchestrator.call('DELETE', `/v1/sessions/${session.id}`)
  await eventually('its host is gone', async () => (await world.runtime.list()).length === 2)
})

test('the node where a warm host waits is preferred, and only templates with a pool ask the store for it', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  const b = await secondNode(t, world)
  const orchestrator = await startOrchestrator(t, world, {
    templates: templates('{ size: 1 }'),
    nodes: [{ id: 'local' }, { id: 'b' }],
    runtimeOf: ({ id }) => (id === 'b' ? b : poolless(world.runtime)),
  })
  await eventually('one waits on b', async () => (await warmOnes({ runtime: b })).length === 1)
  const placementOf = async (template: string): Promise<Placement> => {
    const { body } = await orchestrator.call('GET', `/v1/placement?template=${template}`, undefined, operator())
    return body as unknown as Placement
  }
  const { node } = await eventually('it is in the index', async () => {
    const placement = await placementOf('shell')
    return placement.nodes.some(({ id, warm }) => id === 'b' && warm) && placement
  })
  assert.equal(node, 'b')
  assert.equal((await placementOf('cold')).node, 'local', 'the first of equals')
  const session = await orchestrator.create({})
  assert.equal(session.node, 'b')
  const { body } = await orchestrator.call('GET', `/v1/sessions/${session.id}/placement`, undefined, operator())
  assert.match(String(body.reason), /^b scored 1\.2 with a warm host; local scored 1$/)
  assert.match((await hostOf(orchestrator, session)) ?? '', /^warm-/)

  const { domain } = orchestrator.engine
  const ready = () => Promise.reject(new Error('the store was asked'))
  const asking = (template: string) => ({ image: '', network: false, limits: {}, spec: { template, region: 'local' } })
  const nodesFor = (template: string) =>
    nodesWithWarm({ ...domain, warm: { ...domain.warm, ready } }, asking(template) as never)
  assert.deepEqual(await nodesFor('cold'), new Set())
  await assert.rejects(nodesFor('shell'), /the store was asked/)
})

test('ten sessions at once share no host, whether it was warm or not', { skip }, async (t) => {
  const { orchestrator } = await start(t, '{ size: 3 }')
  await filled(orchestrator, 3)
  const sessions = await Promise.all(Array.from({ length: 10 }, () => orchestrator.create({})))
  const hosts = await Promise.all(sessions.map((session) => hostOf(orchestrator, session)))
  assert.equal(new Set(hosts).size, 10)
  assert.ok(hosts.filter((host) => host?.startsWith('warm-')).length >= 3)
})

test('other limits than the template’s, and a template without a pool, are served cold', { skip }, async (t) => {
  const { orchestrator } = await start(t, '{ size: 1 }')
  await filled(orchestrator, 1)
  const own = await orchestrator.create({ limits: { memoryMb: 64 } })
  const cold = await orchestrator.create({ template: 'cold' })
  for (const session of [own, cold]) {
    assert.doesNotMatch((await hostOf(orchestrator, session)) ?? '', /^warm-/)
  }
})

test('after an emptied Redis a session on a warm host is adopted, and the pool is found again', { skip }, async (t) => {
  const { world, orchestrator } = await start(t, '{ size: 2 }')
  await filled(orchestrator, 2)
  const session = await orchestrator.create({ name: 'kept' })
  await filled(orchestrator, 2)
  const before = (await world.runtime.list()).map(({ hostId }) => hostId).sort()
  await orchestrator.stop()
  const redis = storeConnection(world.redisUrl)
  await once(redis, 'ready')
  await redis.flushall()
  redis.disconnect()
  const next = await startOrchestrator(t, world, { templates: templates('{ size: 2 }') })
  assert.equal((await next.phase(session.id, 'running')).name, 'kept')
  await filled(next, 2)
  assert.deepEqual((await world.runtime.list()).map(({ hostId }) => hostId).sort(), before)
})

test('a warm host that died is replaced, and a session that got one starts all the same', { skip }, async (t) => {
  const { world, orchestrator } = await start(t, '{ size: 1 }')
  await filled(orchestrator, 1)
  const [dead] = await warmOnes(world)
  await world.runtime.stop(dead?.hostId ?? '', 0)
  const session = await orchestrator.create({ command: 'cat' })
  assert.equal(session.phase, 'running')
  await filled(orchestrator, 1)
})

test('a pool that shrinks or goes lets its hosts go, and no session', { skip }, async (t) => {
  const { world, orchestrator } = await start(t, '{ size: 3 }')
  await filled(orchestrator, 3)
  const session = await orchestrator.create({ command: 'cat' })
  await orchestrator.stop()
  const smaller = await startOrchestrator(t, world, { templates: templates('{ size: 1 }') })
  await eventually('one waits', async () => (await warmOnes(world)).length === 1)
  await smaller.stop()
  const without = await startOrchestrator(t, world)
  await eventually('none waits', async () => (await warmOnes(world)).length === 0)
  assert.equal((await without.phase(session.id, 'running')).id, session.id)
})

/** A runtime that cannot make warm hosts while `broken`. */
const breakable = (runtime: Runtime) => {
  const state = { broken: true, tries: 0 }
  const create: Runtime['create'] = (spec) => {
    if (!spec.hostId.startsWith('warm-')) return runtime.create(spec)
    state.tries += 1
    return state.broken ? Promise.reject(new Error('the image is broken')) : runtime.create(spec)
  }
  return { state, runtime: { ...runtime, create } }
}

test('a pool whose hosts cannot be made backs off, says why, stops, and is tried again when told to; sessions start cold', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  const { state, runtime } = breakable(world.runtime)
  const orchestrator = await startOrchestrator(t, world, { runtime, templates: templates('{ size: 1 }') })
  const backing = await eventually('it backs off', async () => {
    const pool = await poolOf(orchestrator)
    return pool.state === 'backing-off' && pool
  })
  assert.equal(backing.error, 'the image is broken')
  assert.ok(Date.parse(String(backing.retryAt)) > Date.now() - 60_000)
  assert.equal((await orchestrator.create({})).phase, 'running')

  const { warm } = orchestrator.engine.domain
  const [key] = poolsOf(orchestrator.engine.domain).keys()
  const place = { pool: String(key), node: 'local' }
  await warm.setSetback(place, { failures: 7, error: 'the image is broken', until: 0 })
  await orchestrator.engine.domain.jobs.fill('local')
  await eventually('it stopped', async () => (await poolOf(orchestrator)).state === 'stopped')
  const { tries } = state
  await orchestrator.engine.domain.jobs.fill('local')
  await eventually('the pass is over', async () => (await poolOf(orchestrator)).state === 'stopped')
  assert.equal(state.tries, tries)

  state.broken = false
  const reset = await orchestrator.call('POST', '/v1/pools/shell/reset', undefined, operator())
  assert.equal(reset.status, 200)
  await filled(orchestrator, 1)
  assert.equal((await orchestrator.call('POST', '/v1/pools/cold/reset', undefined, operator())).status, 422)
  assert.equal((await orchestrator.call('GET', '/v1/pools')).status, 403)
})
