/** The other routes on real parts: tickets, templates, nodes, events, resolve, OpenAPI. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeList } from '@holdfast/protocol'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { agentKnown, newWorld, startOrchestrator, tokenOf } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)
const operator = { authorization: tokenOf({ role: 'operator' }) }

test('a ticket can be taken as often as it says, and says what it is good for', { skip }, async (t) => {
  const { call, create, engine } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({})
  const made = await call('POST', `/v1/sessions/${id}/tickets`, { mode: 'ro', uses: 2, ttlSeconds: 60 })
  assert.equal(made.status, 201, made.text)
  const ticket = String(made.body.ticket)
  assert.match(ticket, /^[A-Za-z0-9_-]{43}$/)
  assert.ok(Date.parse(String(made.body.expiresAt)) > Date.now())
  const grant = { tenant: 'acme', session: id, principal: 'ada', mode: 'ro' }
  const { store } = engine.domain
  assert.deepEqual(await store.takeTicket(ticket), grant)
  assert.deepEqual(await store.takeTicket(ticket), grant)
  assert.equal(await store.takeTicket(ticket), null)
  const usual = (await call('POST', `/v1/sessions/${id}/tickets`, {})).body
  assert.deepEqual({ mode: usual.mode, uses: usual.uses }, { mode: 'rw', uses: 1 })
  for (const bad of [{ uses: 0 }, { mode: 'x' }, { ttlSeconds: -1 }, { more: 1 }]) {
    assert.equal((await call('POST', `/v1/sessions/${id}/tickets`, bad)).status, 400)
  }
})

test('templates are listed without the values of their environment', { skip }, async (t) => {
  const { call } = await startOrchestrator(t, await newWorld(t, server()))
  const { templates } = (await call('GET', '/v1/templates')).body as { templates: { name: string; env?: object }[] }
  assert.deepEqual(
    templates.map(({ name }) => name),
    ['shell', 'pinger'],
  )
  assert.deepEqual(templates[0]?.env, { FROM_TEMPLATE: '' })
})

test('a cordoned node takes no session, a drained one marks those it has; operators only', { skip }, async (t) => {
  const { call, create, engine } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({})
  await agentKnown({ engine }, id)
  assert.equal((await call('GET', '/v1/nodes')).status, 403)
  assert.equal((await call('POST', '/v1/nodes/local/cordon')).status, 403)
  const listed = await call('GET', '/v1/nodes', undefined, operator)
  const [node] = (listed.body as unknown as NodeList).nodes
  assert.partialDeepStrictEqual(node, {
    id: 'local',
    source: 'file',
    runtime: 'process',
    engine: 'this machine',
    cordoned: false,
    reachable: true,
    breaker: 'closed',
    sessions: 1,
  })
  const cordoned = await call('POST', '/v1/nodes/local/cordon', undefined, operator)
  assert.equal((cordoned.body as unknown as NodeList).nodes[0]?.cordoned, true)
  const refused = await call('POST', '/v1/sessions', {})
  assert.equal(refused.status, 503)
  assert.match(String(refused.body.detail), /cordoned/)
  const isDraining = async () =>
    (await call('GET', `/v1/sessions/${id}`)).session.conditions.some(({ type }) => type === 'Draining')
  assert.equal(await isDraining(), false)
  await call('POST', '/v1/nodes/local/drain', undefined, operator)
  assert.equal(await isDraining(), true)
  await call('POST', '/v1/nodes/local/uncordon', undefined, operator)
  assert.equal(await isDraining(), false)
  assert.equal((await call('POST', '/v1/sessions', {})).status, 201)
  assert.equal((await call('POST', '/v1/nodes/mars/cordon', undefined, operator)).body.code, 'NODE_NOT_FOUND')
})

test('resolve says where the host is; for an ended session the host is gone after its linger', { skip }, async (t) => {
  const { call, create, phase } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({ command: 'true' })
  await phase(id, 'exited')
  const lingering = (await call('GET', `/internal/resolve/${id}`)).body
  assert.equal(lingering.phase, 'exited')
  assert.match(String(lingering.address), /^unix:/)
  const gone = await eventually('the host is gone', async () => {
    const { body } = await call('GET', `/internal/resolve/${id}`)
    return body.address === null && body
  })
  assert.deepEqual(gone, { tenant: 'acme', session: id, fence: 1, hostId: null, address: null, phase: 'exited' })
  assert.equal((await call('GET', '/internal/resolve/local-00000000000000')).status, 404)
})

test('OpenAPI describes every public route', { skip }, async (t) => {
  const { call } = await startOrchestrator(t, await newWorld(t, server()))
  const { openapi, paths } = (await call('GET', '/v1/openapi.json')).body as { openapi: string; paths: object }
  assert.match(openapi, /^3\./)
  const of = (path: string) => `/v1/sessions/{id}${path}`
  const automation = ['/input', '/resize', '/signal', '/wait', '/screen', '/output', '/files', '/tickets']
  const lifecycle = ['/why', '/deaths', '/placement', '/environment', '/extend', '/suspend', '/resume']
  const sessions = ['', ...automation, ...lifecycle]
  const nodes = ['', '/cordon', '/uncordon', '/drain'].map((action) => `/v1/nodes/{id}${action}`)
  const names = [
    'sessions',
    'templates',
    'usage',
    'deaths',
    'reap',
    'nodes',
    'maintenance',
    'placement',
    'charts',
    'events',
  ]
  const pools = ['/v1/pools', '/v1/pools/{template}/reset']
  const all = [...names.map((name) => `/v1/${name}`), ...sessions.map(of), ...nodes, ...pools]
  assert.deepEqual(Object.keys(paths).sort(), all.sort())
})
