/** Several nodes on a real Redis: what operators say of them lasts, drains end, and a node that hangs delays nobody else. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { NodeList, NodeSpec, Placement, Session } from '@holdfast/protocol'
import { dockerRuntime, type Runtime } from '@holdfast/runtime'
import { storeConnection } from '@holdfast/session-store'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { withCondition } from '../src/conditions.ts'
import { guardOf } from '../src/domain.ts'
import { settleDraining, settleWorker } from '../src/draining.ts'
import { checkLifetimes } from '../src/lifetime.ts'
import { checkRunning } from '../src/running-check.ts'
import {
  agentKnown,
  newWorld,
  type Orchestrator,
  secondNode,
  startOrchestrator,
  tokenOf,
  type World,
} from './fixture.ts'

const { skip, server } = await redisForTests(process.env)
const operator = () => ({ authorization: tokenOf({ role: 'operator' }) })

const asOperator = async (
  { call }: Orchestrator,
  method: 'GET' | 'POST' | 'DELETE' | 'PUT',
  path: string,
  body?: unknown,
): Promise<NodeList> => {
  const answer = await call(method, path, body, operator())
  assert.equal(answer.status, 200, answer.text)
  return answer.body as unknown as NodeList
}
const nodeOf = ({ nodes }: NodeList, id: string) => {
  const found = nodes.find((node) => node.id === id)
  assert.ok(found, `node ${id} is listed`)
  return found
}

/** An engine that accepts connections and never answers. */
const hungEngine = async (t: TestContext, { cluster, hostsDir }: World): Promise<Runtime> => {
  const socket = join(hostsDir, 'hung.sock')
  const open = new Set<Socket>()
  const engine = createServer((connection) => open.add(connection.on('error', () => {}))).listen(socket)
  await once(engine, 'listening')
  t.after(() => {
    for (const connection of open) connection.destroy()
    engine.close()
  })
  return dockerRuntime({ cluster, node: 'hung', hostsDir, engine: { socket }, guardImage: 'none' })
}

test('sessions that find no room wait, say why, and are placed when there is some', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const b = await secondNode(t, world)
  const nodes: NodeSpec[] = [
    { id: 'local', capacity: { sessions: 2 } },
    { id: 'b', capacity: { sessions: 1 } },
  ]
  const runtimeOf = ({ id }: NodeSpec) => (id === 'b' ? b : world.runtime)
  const orchestrator = await startOrchestrator(t, world, { nodes, runtimeOf })
  const { call, phase } = orchestrator
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => call('POST', '/v1/sessions', {}, { prefer: 'wait=0' })),
  )
  const why = async ({ id }: Session) => String((await call('GET', `/v1/sessions/${id}/why`)).body.summary)
  const read = () =>
    Promise.all(answers.map(async ({ session }) => (await call('GET', `/v1/sessions/${session.id}`)).session))
  const sessions = await eventually('three run and two say why not', async () => {
    const now = await read()
    const reasons = await Promise.all(now.filter(({ phase }) => phase === 'pending').map(why))
    const toldWhy = reasons.filter((reason) => /no node takes this session now: .*no room/.test(reason))
    return now.filter(({ phase }) => phase === 'running').length === 3 && toldWhy.length === 2 && now
  })
  assert.deepEqual(sessions.map(({ node }) => node ?? 'none').toSorted(), ['b', 'local', 'local', 'none', 'none'])
  const { node, nodes: reasons } = (await call('GET', '/v1/placement', undefined, operator()))
    .body as unknown as Placement
  assert.equal(node, null)
  assert.match(reasons[0]?.reasons.join() ?? '', /sessions are taken/)
  const onB = sessions.find((session) => session.node === 'b')
  await call('DELETE', `/v1/sessions/${onB?.id}`)
  const placed = await eventually('one of the two is placed', async () =>
    (await read()).find(({ node, id }) => node === 'b' && id !== onB?.id),
  )
  await phase(placed.id, 'running')
  const { body } = await call('GET', `/v1/sessions/${placed.id}/placement`, undefined, operator())
  assert.match(String(body.reason), /^b scored .*; not local: no room/)
})

test('a node that hangs delays neither create nor read nor reconciliation of another', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const hung = await hungEngine(t, world)
  const nodes: NodeSpec[] = [{ id: 'hung' }, { id: 'local' }]
  const orchestrator = await startOrchestrator(t, world, {
    nodes,
    runtimeOf: ({ id }) => (id === 'hung' ? hung : world.runtime),
  })
  const { create, call, phase } = orchestrator
  const made: Session[] = []
  for (let count = 0; count < 3; count++) made.push(await create({}))
  assert.deepEqual(
    made.map(({ node }) => node),
    ['local', 'local', 'local'],
  )
  const seen = await eventually('the breaker opens', async () => {
    const node = nodeOf(await asOperator(orchestrator, 'GET', '/v1/nodes'), 'hung')
    return node.breaker !== 'closed' && node
  })
  assert.equal(seen.reachable, false)
  assert.match(seen.lastError ?? '', /^Docker did not (answer a ping|list (containers|volumes)) within \d s/) // whichever call came last
  // An emptied Redis is refilled from the node that answers.
  const redis = storeConnection(server().url)
  await once(redis, 'ready')
  await redis.flushall()
  redis.disconnect()
  for (const { id } of made) await phase(id, 'running')
  assert.equal((await call('DELETE', `/v1/sessions/${made[0]?.id}`)).status, 204)
})

test('what operators say of nodes is known to all replicas, and outlives an emptied Redis', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const first = await startOrchestrator(t, world)
  const second = await startOrchestrator(t, world)
  await asOperator(first, 'POST', '/v1/nodes/local/cordon')
  const refused = await eventually('the second replica refuses', async () => {
    const answer = await second.call('POST', '/v1/sessions', {}, { prefer: 'wait=0' })
    return answer.status === 503 && answer
  })
  assert.match(String(refused.body.detail), /local: cordoned/)
  await second.stop()
  const redis = storeConnection(server().url)
  await once(redis, 'ready')
  await redis.flushall()
  redis.disconnect()
  await first.engine.domain.nodes.sync()
  const third = await startOrchestrator(t, world)
  assert.equal(nodeOf(await asOperator(third, 'GET', '/v1/nodes'), 'local').cordoned, true)
  await asOperator(third, 'POST', '/v1/nodes/local/uncordon')
  assert.equal((await third.create({})).phase, 'running')
})

test('nodes come and go by API; one with sessions stays until it is empty', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const b = await secondNode(t, world)
  const orchestrator = await startOrchestrator(t, world, {
    nodes: [{ id: 'local', labels: { disk: 'hdd' } }],
    runtimeOf: ({ id }) => (id === 'b' ? b : world.runtime),
  })
  const { call, create } = orchestrator
  const spec = { id: 'b', labels: { disk: 'ssd' }, zone: 'two', capacity: { sessions: 5, memoryMb: 10_240 } }
  const added = nodeOf(await asOperator(orchestrator, 'POST', '/v1/nodes', spec), 'b')
  assert.equal(added.source, 'api')
  const session = await create({ nodeSelector: { disk: 'ssd' }, limits: { memoryMb: 1024, cpus: 0.5 } })
  assert.equal(session.node, 'b')
  const listed = await eventually('its first report', async () => {
    const node = nodeOf(await asOperator(orchestrator, 'GET', '/v1/nodes'), 'b')
    return node.pressure !== null && node
  })
  assert.deepEqual(listed.reserved, { cpus: 0.5, memoryMb: 1024, pids: 512, sessions: 1 })
  assert.equal(listed.reachable, true)
  assert.ok(listed.pressure !== null && listed.pressure.memory > 0)
  const code = async (method: 'POST' | 'DELETE', path: string, body?: unknown) =>
    (await call(method, path, body, operator())).body.code
  assert.equal(await code('POST', '/v1/nodes', spec), 'NODE_EXISTS')
  assert.equal(await code('POST', '/v1/nodes', { id: 'c', engine: {} }), 'BAD_REQUEST')
  assert.equal(await code('DELETE', '/v1/nodes/local'), 'BAD_REQUEST')
  assert.equal(await code('DELETE', '/v1/nodes/mars'), 'NODE_NOT_FOUND')
  assert.equal(await code('DELETE', '/v1/nodes/b'), 'NODE_IN_USE')
  await call('DELETE', `/v1/sessions/${session.id}`)
  const left = await asOperator(orchestrator, 'DELETE', '/v1/nodes/b')
  assert.deepEqual(
    left.nodes.map(({ id }) => id),
    ['local'],
  )
})

test('a drained node loses its idle sessions, if told so, and keeps the rest', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const orchestrator = await startOrchestrator(t, world)
  const idle = await orchestrator.create({ command: 'sleep', args: ['600'] })
  const busy = await orchestrator.create({ template: 'pinger' })
  const marked = async (id: string) =>
    (await orchestrator.call('GET', `/v1/sessions/${id}`)).session.conditions.some(({ type }) => type === 'Draining')
  for (const { id } of [idle, busy]) await agentKnown(orchestrator, id)
  const drained = nodeOf(await asOperator(orchestrator, 'POST', '/v1/nodes/local/drain'), 'local')
  assert.equal(drained.draining, true)
  assert.equal(drained.sessions, 2)
  assert.ok((await marked(idle.id)) && (await marked(busy.id)))
  await asOperator(orchestrator, 'POST', '/v1/nodes/local/drain?endIdleSeconds=4')
  assert.match((await orchestrator.phase(idle.id, 'exited', 30)).reason ?? '', /^drained: node local/)
  assert.equal((await orchestrator.call('GET', `/v1/sessions/${busy.id}`)).session.phase, 'running')
  const left = nodeOf(await asOperator(orchestrator, 'GET', '/v1/nodes'), 'local')
  assert.equal(left.sessions, 1)
  await asOperator(orchestrator, 'POST', '/v1/nodes/local/uncordon')
  assert.equal(await marked(busy.id), false)
})

test('a session whose machine within the node is emptied says so, until it stays; a drain of the node comes first', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  const told: (string | null)[] = []
  let leaves: { leaves?: string } = { leaves: 'w1' }
  const workers: Runtime = {
    ...world.runtime,
    list: async () => (await world.runtime.list()).map((info) => ({ ...info, ...leaves })),
  }
  const orchestrator = await startOrchestrator(t, world, { runtimeOf: () => workers })
  const { reconciler, domain } = orchestrator.engine
  const tell = domain.hosts.leaving
  domain.hosts.leaving = async (target, why) => {
    told.push(why)
    await tell(target, why)
  }
  const { id } = await orchestrator.create({ command: 'sleep', args: ['600'] })
  const reason = async () =>
    (await orchestrator.call('GET', `/v1/sessions/${id}`)).session.conditions.find(({ type }) => type === 'Draining')
      ?.reason
  await agentKnown(orchestrator, id)
  await domain.jobs.close(5_000) // the only looks are those of this test
  for (let pass = 0; pass < 2; pass++) await reconciler.run()
  assert.equal(await reason(), 'worker w1 takes no new pods')
  await settleDraining(domain)
  assert.equal(await reason(), 'worker w1 takes no new pods')
  await asOperator(orchestrator, 'POST', '/v1/nodes/local/drain')
  await reconciler.run()
  assert.equal(await reason(), 'node local is drained')
  leaves = {}
  await asOperator(orchestrator, 'POST', '/v1/nodes/local/uncordon')
  await reconciler.run()
  assert.equal(await reason(), undefined)
  assert.deepEqual(told, ['worker w1 takes no new pods', 'node local is drained', null])
})

test('who marks a session by what it read before others wrote keeps what they wrote', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const orchestrator = await startOrchestrator(t, world)
  const { domain } = orchestrator.engine
  const { id } = await orchestrator.create({ command: 'sleep', args: ['600'] })
  await agentKnown(orchestrator, id)
  await domain.jobs.close(5_000)
  const read = await domain.store.get('acme', id)
  const [host] = await world.runtime.list()
  assert.ok(read && host)
  const conditions = withCondition(read.conditions, 'OOMKilled', 'True', '1 killed for memory')
  await domain.store.transition('acme', id, guardOf(read), { conditions })
  await settleWorker(domain, read, { ...host, leaves: 'w1' })
  const types = async () => (await domain.store.get('acme', id))?.conditions.map(({ type }) => type)
  assert.deepEqual(await types(), ['Reachable', 'OOMKilled', 'Draining'])
  await assert.rejects(checkRunning(domain, { ...read, conditions: [] }), { code: 'STALE' })
  assert.deepEqual(await types(), ['Reachable', 'OOMKilled', 'Draining'])
})

test('an idle session that may start anew leaves a drained node, its screen above the new shell; others are ended', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  const b = await secondNode(t, world)
  const orchestrator = await startOrchestrator(t, world, {
    nodes: [{ id: 'local' }, { id: 'b', labels: { size: 'big' } }],
    runtimeOf: ({ id }) => (id === 'b' ? b : world.runtime),
  })
  const { call, create, phase } = orchestrator
  const node = async ({ id }: Session) => (await call('GET', `/v1/sessions/${id}`)).session.node
  await asOperator(orchestrator, 'POST', '/v1/nodes/local/cordon')
  const moves = await create({ restart: 'on-loss', command: 'sh', args: ['-c', 'echo I am $$; sleep 600'] })
  const bound = await create({ restart: 'on-loss', nodeSelector: { size: 'big' }, command: 'sleep', args: ['600'] })
  const ends = await create({ command: 'sleep', args: ['600'] })
  assert.deepEqual(await Promise.all([moves, bound, ends].map(node)), ['b', 'b', 'b'])
  await asOperator(orchestrator, 'POST', '/v1/nodes/local/uncordon')
  await asOperator(orchestrator, 'POST', '/v1/nodes/b/drain?endIdleSeconds=1')
  assert.match((await phase(ends.id, 'exited', 30)).reason ?? '', /^drained: node b/)
  await eventually('it runs on the other node', async () => {
    const now = (await call('GET', `/v1/sessions/${moves.id}`)).session
    return now.node === 'local' && now.phase === 'running'
  })
  await eventually('the words of both shells are on its screen', async () => {
    const screen = (await call('GET', `/v1/sessions/${moves.id}/screen?format=text`)).text
    return new Set(screen.match(/I am \d+/g)).size === 2
  })
  await eventually('its host on the drained node is gone', async () =>
    (await b.list()).every(({ hostId }) => !hostId.startsWith(moves.id)),
  )
  assert.deepEqual([(await phase(bound.id, 'running')).node, await node(bound)], ['b', 'b'], 'no other node takes it')
  assert.equal(nodeOf(await asOperator(orchestrator, 'GET', '/v1/nodes'), 'b').sessions, 1)
})

test('a session whose files the other nodes cannot take stays where they are, drained or not', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const b = await secondNode(t, world)
  // As a Docker node beside one of plain processes.
  const withFiles: Runtime = { ...b, exportWorkspace: async () => assert.fail('nobody can take them') }
  const orchestrator = await startOrchestrator(t, world, {
    nodes: [{ id: 'local' }, { id: 'b' }],
    runtimeOf: ({ id }) => (id === 'b' ? withFiles : world.runtime),
  })
  const { call, create, phase } = orchestrator
  await asOperator(orchestrator, 'POST', '/v1/nodes/local/cordon')
  const [stays, sleeps] = [await create({ restart: 'on-loss' }), await create({})]
  await asOperator(orchestrator, 'POST', '/v1/nodes/local/uncordon')
  assert.equal((await call('POST', `/v1/sessions/${sleeps.id}/suspend`, {})).status, 200)
  await asOperator(orchestrator, 'POST', '/v1/nodes/b/drain?endIdleSeconds=0')
  await settleDraining(orchestrator.engine.domain)
  const woken = (await call('POST', `/v1/sessions/${sleeps.id}/resume`)).session
  const now = await phase(stays.id, 'running')
  assert.deepEqual([woken.node, now.node, now.startedAt], ['b', 'b', stays.startedAt])
})

test('in maintenance no time to live ends a session; afterwards it does', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const orchestrator = await startOrchestrator(t, world)
  const on = await asOperator(orchestrator, 'PUT', '/v1/maintenance', { on: true })
  assert.ok(on.maintenance !== null)
  const { id } = await orchestrator.create({ command: 'sleep', args: ['600'], ttlSeconds: 1 })
  await eventually('its time is over', () => {
    const record = orchestrator.engine.domain.live.get(id)?.record
    return record !== undefined && Date.parse(record.createdAt) + 1_000 < Date.now()
  })
  await checkLifetimes(orchestrator.engine.domain)
  assert.equal((await orchestrator.call('GET', `/v1/sessions/${id}`)).session.phase, 'running')
  await asOperator(orchestrator, 'PUT', '/v1/maintenance', { on: false })
  await orchestrator.phase(id, 'exited', 30)
})
