/** What happens to sessions on real parts when time passes, hosts die, the store is emptied or the orchestrator starts anew. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Session } from '@holdfast/protocol'
import { ImageMissing, type Runtime } from '@holdfast/runtime'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { Redis } from 'ioredis'
import { newWorld, startOrchestrator, type World, withOutages } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)

/** Ends the process of a host without a word. */
const killHost = async (world: World): Promise<void> => {
  const [host] = await world.runtime.list()
  assert.ok(host !== undefined)
  await world.runtime.stop(host.hostId, 0)
}

test('time to live and idleness end a session, with the reason', { skip }, async (t) => {
  const { create, phase, call } = await startOrchestrator(t, await newWorld(t, server()))
  const ttl = await create({ template: 'pinger', ttlSeconds: 4 })
  const idle = await create({ command: 'sleep', args: ['600'], idleSeconds: 1 })
  const busy = await create({ template: 'pinger', idleSeconds: 3 })
  const build = await create({ command: 'sh', args: ['-c', 'while :; do :; done'], idleSeconds: 3 })
  assert.match((await phase(ttl.id, 'exited', 30)).reason ?? '', /^ttl: its time to live was over at /)
  assert.match((await phase(idle.id, 'exited', 30)).reason ?? '', /^idle: for 1 s/)
  assert.match((await call('GET', `/v1/sessions/${ttl.id}/screen`)).text, /tick/)
  // By now the busy ones have been judged as often as the idle one.
  for (const { id } of [busy, build]) assert.equal((await call('GET', `/v1/sessions/${id}`)).session.phase, 'running')
  await eventually(
    'its CPU time is told',
    async () => (await call('GET', `/v1/sessions/${build.id}`)).session.activity?.because === 'cpu',
  )
})

test('a session whose time is nearly over says so, can be given more, and keeps it when the store is emptied', {
  skip,
}, async (t) => {
  const { create, phase, call } = await startOrchestrator(t, await newWorld(t, server()))
  const read = async (id: string) => (await call('GET', `/v1/sessions/${id}`)).session
  const isExpiring = async (id: string) => (await read(id)).conditions.find(({ type }) => type === 'Expiring')?.reason
  const [extended, left] = [await create({ ttlSeconds: 20 }), await create({ ttlSeconds: 20 })]
  const expiring = await eventually('the condition', () => isExpiring(extended.id))
  assert.equal(expiring, `ttl at ${extended.expiresAt}`)
  const more = await call('POST', `/v1/sessions/${extended.id}/extend`, { ttlSeconds: 3_600, idleSeconds: 1_800 })
  assert.equal(more.status, 200, more.text)
  const inMs = Date.parse(more.session.expiresAt ?? '') - Date.now()
  assert.ok(Math.abs(inMs - 3_600_000) < 10_000, `${inMs}`)
  assert.equal(more.session.idleSeconds, 1_800)
  await eventually('no condition', async () => (await isExpiring(extended.id)) === undefined)
  const redis = new Redis(server().url)
  await redis.flushall()
  redis.disconnect()
  const { expiresAt, idleSeconds } = await read(extended.id)
  assert.deepEqual([expiresAt, idleSeconds], [more.session.expiresAt, 1_800])
  await phase(left.id, 'exited', 40)
  assert.equal((await read(extended.id)).phase, 'running')
  for (const [body, code] of [
    [{}, 'BAD_REQUEST'],
    [{ ttlSeconds: 1 }, 'SESSION_ENDED'],
  ] as const) {
    assert.equal((await call('POST', `/v1/sessions/${left.id}/extend`, body)).body.code, code)
  }
})

test('limits that a host did not hear of are told by the next converge', { skip }, async (t) => {
  const { create, engine, call } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({})
  const { store, jobs } = engine.domain
  const record = await store.get('acme', id)
  assert.ok(record !== null)
  await store.transition('acme', id, record, { spec: { ...record.spec, idleSeconds: 77 } })
  await jobs.converge({ tenant: 'acme', id })
  await eventually('the host knows', () => engine.domain.live.get(id)?.status?.claim?.idleSeconds === 77)
  assert.equal((await call('GET', `/v1/sessions/${id}`)).session.activity?.because, 'extended')
})

test('another name and other labels: at once, kept when the store is emptied, in any phase, and no activity', {
  skip,
}, async (t) => {
  const { create, engine, call, phase } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({ name: 'old', labels: { a: '1', b: '2' }, idleSeconds: 3_600 })
  const patch = (body: unknown) => call('PATCH', `/v1/sessions/${id}`, body)
  const { status, session } = await patch({ name: 'new', labels: { b: null, c: '3' } })
  assert.deepEqual([status, session.name, session.labels], [200, 'new', { a: '1', c: '3' }])
  const redis = new Redis(server().url)
  await redis.flushall()
  redis.disconnect()
  const found = async () => (await call('GET', '/v1/sessions?label=c%3D3')).body as { sessions?: Session[] }
  const [again] = await eventually('it is found by its new label', async () => {
    const { sessions = [] } = await found()
    return sessions.length > 0 && sessions
  })
  assert.deepEqual([again?.id, again?.name, again?.idleSeconds], [id, 'new', 3_600])
  assert.notEqual(engine.domain.live.get(id)?.status?.activity.because, 'extended')
  for (const body of [{}, { name: '' }, { labels: { 'no blank': 'x' } }, { labels: { a: 1 } }, { cols: 100 }])
    assert.equal((await patch(body)).body.code, 'BAD_REQUEST', JSON.stringify(body))
  const many = Object.fromEntries(Array.from({ length: 31 }, (_, at) => [`l${at}`, '']))
  assert.match((await patch({ labels: many })).text, /at most 32/)
  await call('POST', `/v1/sessions/${id}/input`, { text: 'exit\r' })
  await phase(id, 'exited')
  assert.equal((await patch({ name: 'late' })).session.name, 'late')
})

test('ended sessions are forgotten after the retention', { skip }, async (t) => {
  const { create, call, engine } = await startOrchestrator(t, await newWorld(t, server()), { retentionMs: 1_000 })
  const { id } = await create({ command: 'true' })
  await eventually('forgotten', async () => (await call('GET', `/v1/sessions/${id}`)).status === 404, 60)
  await eventually('by memory, too', () => engine.domain.live.get(id) === undefined)
})

test('a host that dies without a word is a failed session', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const { create, phase } = await startOrchestrator(t, world)
  const { id } = await create({ command: 'sleep', args: ['600'] })
  await killHost(world)
  assert.match((await phase(id, 'failed')).reason ?? '', /^host-died/)
})

test('a host that is gone from a complete list is lost', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const first = await startOrchestrator(t, world)
  const { id } = await first.create({ command: 'sleep', args: ['600'] })
  await first.stop()
  const [host] = await world.runtime.list()
  await world.runtime.remove(host?.hostId ?? '')
  const second = await startOrchestrator(t, world)
  assert.match((await second.phase(id, 'failed')).reason ?? '', /^lost: /)
})

test('an emptied Redis is refilled from what runs: name, labels, times, policy', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const { create, call, engine } = await startOrchestrator(t, world)
  const before = await create({ name: 'keep me', labels: { team: 'a' }, ttlSeconds: 86_400, idleSeconds: 3_600 })
  const redis = new Redis(world.redisUrl)
  await redis.flushall()
  redis.disconnect()
  // At once, not at the next round: the very read that finds nothing brings it back.
  const after = (await call('GET', `/v1/sessions/${before.id}`)).session
  for (const field of ['id', 'name', 'labels', 'phase', 'command', 'args', 'createdAt', 'template'] as const) {
    assert.deepEqual(after[field], before[field], field)
  }
  const record = await engine.domain.store.get('acme', before.id)
  assert.equal(record?.spec.expiresAt, before.expiresAt)
  assert.equal(record?.spec.idleSeconds, 3_600)
  const next = await create({})
  const { sessions } = (await call('GET', '/v1/sessions')).body as { sessions: Session[] }
  assert.deepEqual(new Set(sessions.map(({ id }) => id)), new Set([before.id, next.id]))
  assert.equal((await world.runtime.list()).length, 2)
  assert.equal((await call('DELETE', `/v1/sessions/${before.id}`)).status, 204)
})

test('after a restart with an emptied Redis sessions are found from the hosts alone, ended ones with their screen', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  const first = await startOrchestrator(t, world)
  const running = await first.create({ name: 'one', labels: { team: 'a' }, ttlSeconds: 86_400 })
  const ending = await first.create({ name: 'two', command: 'sh', args: ['-c', 'read line; echo bye-$line; exit 3'] })
  await first.stop()
  const redis = new Redis(world.redisUrl)
  await redis.flushall()
  redis.disconnect()
  const second = await startOrchestrator(t, world)
  const found = (await second.call('GET', `/v1/sessions/${running.id}`)).session
  for (const field of ['name', 'labels', 'phase', 'createdAt', 'startedAt', 'node', 'runtime'] as const) {
    assert.deepEqual(found[field], running[field], field)
  }
  await second.call('POST', `/v1/sessions/${ending.id}/input`, { text: 'bye\n' })
  await second.phase(ending.id, 'exited')
  await second.stop()
  // Its host has left only a note behind now.
  await eventually('the host is gone', async () => (await world.runtime.list()).some(({ state }) => state === 'exited'))
  const again = new Redis(world.redisUrl)
  await again.flushall()
  again.disconnect()
  const third = await startOrchestrator(t, world)
  const ended = await third.phase(ending.id, 'exited')
  assert.equal(ended.exitCode, 3)
  assert.equal(ended.name, 'two')
  assert.match((await third.call('GET', `/v1/sessions/${ending.id}/screen`)).text, /bye-bye/)
  assert.match(await third.metrics(), /reconcile_total\{action="adopt"\} 2/)
})

test('a restart finds the same sessions, and ends that came while it was away', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const first = await startOrchestrator(t, world)
  const running = await first.create({ name: 'stays' })
  const ending = await first.create({ command: 'sh', args: ['-c', 'read line; exit 4'] })
  await first.call('POST', `/v1/sessions/${ending.id}/input`, { text: '\n' })
  await first.stop()
  const second = await startOrchestrator(t, world)
  assert.equal((await second.phase(ending.id, 'exited')).exitCode, 4)
  const found = (await second.call('GET', `/v1/sessions/${running.id}`)).session
  assert.equal(found.phase, 'running')
  assert.equal(found.startedAt, running.startedAt)
  const resolved = (await second.call('GET', `/internal/resolve/${running.id}`)).body
  assert.equal(resolved.tenant, 'acme')
  assert.match(String(resolved.address), /^unix:.*host\.sock$/)
})

test('a half-made session is finished by the next orchestrator', { skip }, async (t) => {
  const world = await newWorld(t, server())
  // The first one dies (as far as anyone can see) between the creation of the host and its claim.
  let sealing = false
  const seal = () => {
    sealing = true
    return new Promise<never>(() => {})
  }
  const never: Runtime = { ...world.runtime, seal }
  const first = await startOrchestrator(t, world, { runtime: never })
  const made = await first.call('POST', '/v1/sessions', { env: { SECRET: 'kept until it runs' } }, { prefer: 'wait=0' })
  await eventually('the host listens', () => sealing)
  await first.stop()
  const second = await startOrchestrator(t, world)
  const { id } = await second.phase(made.session.id, 'running', 40)
  assert.equal((await world.runtime.list()).length, 1)
  await second.call('POST', `/v1/sessions/${id}/input`, { text: 'echo "[$SECRET]"\n' })
  const wait = { until: 'text', text: '^\\[kept until it runs\\]', timeoutMs: 10_000 }
  assert.equal((await second.call('POST', `/v1/sessions/${id}/wait`, wait)).body.met, true)
  assert.deepEqual((await second.engine.domain.store.get('acme', id))?.spec.env, {})
})

test('a runtime that is down: 503 with the reason and no record; sessions go on unharmed', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const all = ['create', 'inspect', 'list', 'ping', 'remove', 'seal', 'stop', 'tail'] as const
  const { engine: daemon, runtime } = withOutages(world.runtime, ...all)
  const { call, create, engine, phase, metrics } = await startOrchestrator(t, world, { runtime })
  const { id } = await create({})
  daemon.down = true
  const refused = await call('POST', '/v1/sessions', {})
  assert.equal(refused.status, 503)
  assert.equal(refused.body.code, 'RUNTIME_UNAVAILABLE')
  assert.match(String(refused.body.detail), /went to lunch/)
  const { sessions } = (await call('GET', '/v1/sessions')).body as { sessions: Session[] }
  assert.deepEqual(
    sessions.map((session) => session.id),
    [id],
  )
  // Its host dies meanwhile: unknown is not dead.
  await killHost(world)
  const unsure = await eventually('a condition', async () => {
    const { session } = await call('GET', `/v1/sessions/${id}`)
    return session.conditions.some(({ type, status }) => type === 'Reachable' && status === 'Unknown') && session
  })
  assert.equal(unsure.phase, 'running')
  assert.ok(engine.domain.live.get(id) !== undefined)
  assert.match(await metrics(), /runtime_errors_total\{runtime="process",operation="ping"\} [1-9]/)
  daemon.down = false
  assert.match((await phase(id, 'failed')).reason ?? '', /^host-died/)
})

test('a missing image is a failed session with the reason', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const runtime: Runtime = { ...world.runtime, create: () => Promise.reject(new ImageMissing('no/such:image')) }
  const { call } = await startOrchestrator(t, world, { runtime })
  const { status, session } = await call('POST', '/v1/sessions', {})
  assert.equal(status, 201)
  assert.equal(session.phase, 'failed')
  assert.match(session.reason ?? '', /^image-missing: .*no\/such:image/)
})

test('delete cuts short a start that hangs', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const runtime: Runtime = {
    ...world.runtime,
    create: async (spec) => ({ ...(await world.runtime.create(spec)), address: 'unix:/nowhere/host.sock' }),
  }
  const { call } = await startOrchestrator(t, world, { runtime })
  const { session } = await call('POST', '/v1/sessions', {}, { prefer: 'wait=0' })
  await eventually('a host', async () => (await world.runtime.list()).length === 1)
  assert.equal((await call('DELETE', `/v1/sessions/${session.id}`)).status, 204)
  assert.deepEqual(await world.runtime.list(), [])
})

test('a session that runs is found while an emptied store is being refilled', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const listed = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  let isHeld = false
  const runtime: Runtime = {
    ...world.runtime,
    list: async () => {
      if (isHeld) {
        asked.resolve()
        await listed.promise
      }
      return world.runtime.list()
    },
  }
  const { create, engine } = await startOrchestrator(t, world, { runtime })
  const { id } = await create({})
  isHeld = true
  const redis = new Redis(world.redisUrl)
  await redis.flushall()
  redis.disconnect()
  const refilled = engine.reconcile()
  await asked.promise // the store is open again, and has nothing yet
  const found = engine.lookup('acme', id)
  listed.resolve()
  assert.equal((await found).id, id)
  await refilled
})

test('hosts that nobody knows are left alone while they are young', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const { create, engine } = await startOrchestrator(t, world)
  const { id } = await create({})
  const record = await engine.domain.store.get('acme', id)
  assert.ok(record?.hostId)
  const [host] = await world.runtime.list()
  const labels = { ...host?.labels, 'dev.holdfast.session': 'local-99999999999999' }
  await world.runtime.create({
    hostId: 'local-99999999999999-aaaaaa',
    image: '',
    hostKey: '00',
    labels,
    limits: {},
    network: true,
  })
  await engine.domain.jobs.ensureSchedules()
  const rounds = async () =>
    Number(/reconcile_seconds_count (\d+)/.exec(await engine.domain.metrics.registry.metrics())?.[1])
  const before = await rounds()
  const redis = new Redis(world.redisUrl)
  await redis.flushall()
  redis.disconnect()
  await engine.recover()
  assert.ok((await rounds()) > before)
  assert.equal((await world.runtime.list()).length, 2)
  assert.equal((await engine.domain.store.get('acme', id))?.hostId, record.hostId)
})
