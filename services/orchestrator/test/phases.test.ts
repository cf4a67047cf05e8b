/** Phases on real parts: what is waited for is said, what is overdue is given up or said, and a stop is legal at every moment. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HoldfastError, type Why } from '@holdfast/protocol'
import type { Runtime } from '@holdfast/runtime'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { Redis } from 'ioredis'
import { converge } from '../src/converge.ts'
import { newRecord } from '../src/new-session.ts'
import { requestStop } from '../src/stopping.ts'
import { newWorld, type Orchestrator, startOrchestrator, type World, withOutages } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)

const why = async ({ call }: Orchestrator, id: string): Promise<Why> =>
  (await call('GET', `/v1/sessions/${id}/why`)).body as unknown as Why

/** As if the record had been in its phase for an hour. */
const age = async (world: World, id: string): Promise<void> => {
  const redis = new Redis(world.redisUrl)
  await redis.hset(`hf:${world.cluster}:{acme}:session:${id}`, 'deadline', String(Date.now() - 3_600_000))
  redis.disconnect()
}

/** Hosts listen where nobody can knock. */
const deaf = (world: World): Runtime => ({
  ...world.runtime,
  create: async (spec) => ({ ...(await world.runtime.create(spec)), address: 'unix:/nowhere/host.sock' }),
})

test('a start that hangs says what it waits for and when it gives up, once', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const orchestrator = await startOrchestrator(t, world, { runtime: deaf(world) })
  const { session } = await orchestrator.call('POST', '/v1/sessions', {}, { prefer: 'wait=0' })
  const said = await eventually('a reason', async () => {
    const answer = await why(orchestrator, session.id)
    return answer.waiting !== null && answer
  })
  assert.match(said.summary, /^starting for \d+ s: waits for the session host to listen on local \(.* running\)/)
  assert.match(said.summary, new RegExp(`gives up at ${said.deadline}$`))
  assert.equal(said.owner, 'provisioner')
  assert.equal(said.waiting?.until, said.deadline)
  const { rev } = (await orchestrator.engine.domain.store.get('acme', session.id)) ?? {}
  await orchestrator.engine.domain.jobs.converge({ tenant: 'acme', id: session.id })
  await eventually('another look', async () => Date.now() - Date.parse(said.waiting?.since ?? '') > 2_500)
  const later = await orchestrator.engine.domain.store.get('acme', session.id)
  assert.deepEqual([later?.waiting, later?.rev], [said.waiting, rev], 'waiting costs no writes')
})

test('an overdue start is a failed session that says what it waited for', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const orchestrator = await startOrchestrator(t, world, { runtime: deaf(world) })
  const { session } = await orchestrator.call('POST', '/v1/sessions', {}, { prefer: 'wait=0' })
  await eventually('a reason', async () => (await why(orchestrator, session.id)).waiting !== null)
  await orchestrator.stop()
  await age(world, session.id)
  const next = await startOrchestrator(t, world, { runtime: deaf(world) })
  const failed = await next.phase(session.id, 'failed')
  assert.match(failed.reason ?? '', /^start-timeout: waited for the session host to listen/)
  assert.match((await why(next, session.id)).summary, /^failed \d+ s ago: start-timeout/)
  await eventually('no host is left', async () => (await world.runtime.list()).length === 0)
})

test('an overdue start whose host says that it runs is running: the record was older than the truth', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  const first = await startOrchestrator(t, world)
  const { id } = await first.create({})
  await first.stop()
  const redis = new Redis(world.redisUrl)
  const key = `hf:${world.cluster}:{acme}:session:${id}`
  await redis.hset(key, 'phase', '"starting"', 'address', 'null', 'startedAt', 'null')
  redis.disconnect()
  await age(world, id)
  const second = await startOrchestrator(t, world)
  await second.phase(id, 'running')
  assert.equal((await world.runtime.list()).length, 1)
})

test('a placement with no node to go to is given up when it is overdue', { skip }, async (t) => {
  const world = await newWorld(t, server())
  let down = false
  const ping = async () => {
    if (down) throw new HoldfastError('RUNTIME_UNAVAILABLE', 'the engine went to lunch')
  }
  const first = await startOrchestrator(t, world, { runtime: { ...world.runtime, ping } })
  down = true
  const { domain } = first.engine
  // Accepted when the node still answered.
  const caller = { principal: 'ada', tenant: 'acme', role: 'user' } as const
  const context = { caller, region: 'local', template: domain.templates.default, now: Date.now() }
  const draft = { ...newRecord({}, context), runtime: 'process' }
  const { id } = (await domain.store.create(draft)).record
  await domain.jobs.converge({ tenant: 'acme', id })
  const waits = await eventually('a reason', async () => (await why(first, id)).waiting ?? undefined)
  assert.match(waits.for, /^a node that takes it: .*went to lunch/)
  await age(world, id)
  assert.match((await first.phase(id, 'failed')).reason ?? '', /^start-timeout: waited for a node that takes it/)
})

test('a stop that cannot be carried out goes on, with a condition and a metric once it is overdue', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  const { engine: daemon, runtime } = withOutages(world.runtime, 'stop', 'remove', 'tail')
  const orchestrator = await startOrchestrator(t, world, { runtime })
  const { call, engine } = orchestrator
  const { id } = await orchestrator.create({})
  daemon.down = true
  // Out of reach of the orchestrator: only its container can be stopped.
  const record = await engine.domain.store.get('acme', id)
  assert.ok(record)
  await engine.domain.store.transition('acme', id, record, { address: 'unix:/nowhere/host.sock' })
  const deleting = call('DELETE', `/v1/sessions/${id}`)
  const { summary } = await eventually('a reason', async () => {
    const answer = await why(orchestrator, id)
    return answer.phase === 'stopping' && answer.waiting !== null && answer
  })
  assert.match(
    summary,
    /^stopping \(deleted: by ada\) for \d+ s: waits for another try, as .*went to lunch.*; tried until it succeeds$/,
  )
  await age(world, id)
  await eventually('the condition', async () =>
    (await why(orchestrator, id)).conditions.some(({ type, status }) => type === 'Overdue' && status === 'True'),
  )
  const replica = await startOrchestrator(t, world, { runtime })
  assert.match(await replica.metrics(), /overdue_sessions\{phase="stopping"\} 1/)
  daemon.down = false
  assert.ok([202, 204].includes((await deleting).status))
  await eventually('it is gone', async () => (await call('GET', `/v1/sessions/${id}`)).status === 404)
  assert.deepEqual(await world.runtime.list(), [])
})

test('a stop in the middle of a create leaves no host behind, however late the engine makes it', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  const gate = Promise.withResolvers<void>()
  const made = Promise.withResolvers<void>()
  const frozen: Runtime = {
    ...world.runtime,
    create: async (spec) => {
      await gate.promise
      const info = await world.runtime.create(spec)
      made.resolve()
      return info
    },
  }
  const { call, engine } = await startOrchestrator(t, world, { runtime: frozen })
  const proof = join(world.hostsDir, 'ran')
  const body = { command: 'touch', args: [proof] }
  const { id } = (await call('POST', '/v1/sessions', body, { prefer: 'wait=0' })).session
  const { domain } = engine
  const record = await eventually('starting', async () => {
    const now = await domain.store.get('acme', id)
    return now?.phase === 'starting' && now
  })
  // Another worker carries the stop out, as after a lost lock: the first one is still in its call.
  await requestStop(domain, record, { code: 'deleted', detail: 'by ada' }, true)
  await converge(
    { ...domain, nodes: { ...domain.nodes, runtime: () => world.runtime } },
    record,
    new AbortController().signal,
  )
  assert.equal(await domain.store.get('acme', id), null)
  gate.resolve()
  await made.promise
  await eventually('the late host is removed', async () => (await world.runtime.list()).length === 0)
  assert.equal(existsSync(proof), false, 'the command of a session that was deleted did not run')
})

test('of a running session why tells what keeps it, and when it would be idle or too old', { skip }, async (t) => {
  const orchestrator = await startOrchestrator(t, await newWorld(t, server()))
  const { id, expiresAt } = await orchestrator.create({ ttlSeconds: 900, idleSeconds: 600, idleAction: 'suspend' })
  assert.ok(expiresAt)
  await orchestrator.call('POST', `/v1/sessions/${id}/input`, { text: 'x' })
  const said = await eventually('bytes keep it', async () => {
    const answer = await why(orchestrator, id)
    return answer.activity?.because === 'bytes' && answer
  })
  const idleAt = new Date(Date.parse(said.activity?.at ?? '') + 600_000).toISOString()
  assert.deepEqual(said.ends, [
    { at: idleAt, because: 'idle', action: 'suspend' },
    { at: expiresAt, because: 'ttl', action: 'stop' },
  ])
  const limits = `is suspended at ${idleAt} if idle until then; ends at ${expiresAt} by its time to live`
  assert.match(said.summary, new RegExp(`; last active \\d+ s ago \\(bytes\\); ${limits}$`))
  await orchestrator.call('POST', `/v1/sessions/${id}/suspend`, {})
  const suspended = await why(orchestrator, id)
  assert.equal(suspended.activity, undefined)
  assert.deepEqual(suspended.ends, said.ends?.slice(1), 'the idle limit rests while it is suspended')
})

test('without limits why names no end', { skip }, async (t) => {
  const orchestrator = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await orchestrator.create({})
  const said = await eventually('its host is heard', async () => {
    const answer = await why(orchestrator, id)
    return answer.activity !== undefined && answer
  })
  assert.equal(said.ends, undefined)
})
