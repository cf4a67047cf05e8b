/** Every refusal: its status, its problem code, and that nothing was upgraded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HoldfastError } from '@holdfast/protocol'
import { type Refusal, startFixture, until, writeKeys } from './fixture.ts'

const told = ({ status, code }: Refusal): [number, string] => [status, code]
const GONE = `test-${'0'.repeat(14)}`

test('subprotocols that are not ours are refused', async (t) => {
  const fixture = await startFixture(t)
  const { session, host } = await fixture.running()
  assert.deepEqual(told(await fixture.refusal(session.id, ['tty', 'graphql-ws'])), [400, 'UNSUPPORTED_PROTOCOL'])
  assert.equal(host.headers.length, 0)
})

test('missing, wrong and withdrawn keys are refused', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  const none = await fixture.refusal(session.id, undefined, {})
  assert.deepEqual(told(none), [401, 'UNAUTHENTICATED'])
  assert.equal(none.headers['www-authenticate'], 'Bearer')
  const wrong = fixture.auth(`hf_${'x'.repeat(40)}`)
  assert.deepEqual(told(await fixture.refusal(session.id, undefined, wrong)), [401, 'UNAUTHENTICATED'])
  const client = await fixture.open(session.id)
  assert.equal(client.readyState, client.OPEN)
  writeKeys(fixture.keysFile, [fixture.eve])
  assert.deepEqual(told(await fixture.refusal(session.id)), [401, 'UNAUTHENTICATED'])
  writeKeys(fixture.keysFile, [fixture.ann])
  await fixture.open(session.id)
})

test('forged, expired and foreign tickets are refused', async (t) => {
  const fixture = await startFixture(t)
  const { session, host } = await fixture.running()
  const other = await fixture.running()
  const byTicket = (ticket: string) => fixture.refusal(session.id, ['holdfast.v1', `ticket.${ticket}`], {})
  assert.deepEqual(told(await byTicket('forged')), [401, 'UNAUTHENTICATED'])
  assert.deepEqual(told(await byTicket(fixture.addTicket(session.id, 'rw', -1))), [401, 'UNAUTHENTICATED'])
  assert.deepEqual(told(await byTicket(fixture.addTicket(other.session.id))), [403, 'FORBIDDEN'])
  assert.equal(host.headers.length, 0)
})

test('a foreign Origin is refused, the own and the listed pass', async (t) => {
  const fixture = await startFixture(t, { HOLDFAST_ORIGINS: 'https://console.example, https://other.example' })
  const { session } = await fixture.running()
  for (const origin of ['https://evil.example', 'null', 'http://console.example', 'file://']) {
    const refusal = await fixture.refusal(session.id, undefined, { ...fixture.auth(), origin })
    assert.deepEqual(told(refusal), [403, 'ORIGIN_FORBIDDEN'], origin)
  }
  for (const origin of ['https://console.example', 'https://other.example', fixture.url]) {
    await fixture.open(session.id, undefined, { ...fixture.auth(), origin })
  }
})

test('what does not exist, is malformed or is of another tenant looks the same', async (t) => {
  const fixture = await startFixture(t)
  const { session, host } = await fixture.running()
  for (const id of [GONE, 'x', '..%2f..%2fetc', `test-${'0'.repeat(300)}`, 'TEST-00000000']) {
    assert.deepEqual(told(await fixture.refusal(id)), [404, 'SESSION_NOT_FOUND'], id)
  }
  const foreign = await fixture.refusal(session.id, undefined, fixture.auth(fixture.eve.key))
  assert.deepEqual(told(foreign), [404, 'SESSION_NOT_FOUND'])
  assert.equal(host.headers.length, 0)
})

test('a session that has ended or not begun is refused as such', async (t) => {
  const fixture = await startFixture(t)
  const nowhere = { hostId: null, address: null }
  const starting = fixture.addSession({ ...nowhere, phase: 'starting' })
  const ended = fixture.addSession({ ...nowhere, phase: 'exited' })
  const lingered = fixture.addSession({ phase: 'exited' }) // still with an address, where nobody listens
  const refusal = await fixture.refusal(starting.id)
  assert.deepEqual(told(refusal), [503, 'SESSION_STARTING'])
  assert.equal(refusal.headers['retry-after'], '1')
  assert.deepEqual(told(await fixture.refusal(ended.id)), [409, 'SESSION_ENDED'])
  assert.deepEqual(told(await fixture.refusal(lingered.id)), [409, 'SESSION_ENDED'])
})

test('a session that has ended is still attached to while its host lingers', async (t) => {
  const fixture = await startFixture(t)
  const session = fixture.addSession({ phase: 'exited' })
  await fixture.hostOf(session)
  await fixture.open(session.id)
})

test('one principal gets so many sockets and no more; closing one makes room', async (t) => {
  const fixture = await startFixture(t, { HOLDFAST_MAX_SOCKETS: '2' })
  const { session } = await fixture.running()
  const first = await fixture.open(session.id)
  await fixture.open(session.id)
  const refusal = await fixture.refusal(session.id)
  assert.deepEqual(told(refusal), [429, 'TOO_MANY'])
  assert.equal(refusal.headers['retry-after'], '1')
  first.terminate()
  await until('its place is free', async () => (await fixture.attachments()) === 1)
  await fixture.open(session.id)
})

test('refused attachments do not use up the limit', async (t) => {
  const fixture = await startFixture(t, { HOLDFAST_MAX_SOCKETS: '1' })
  const { session } = await fixture.running()
  for (let count = 0; count < 5; count++) await fixture.refusal(GONE)
  await fixture.open(session.id)
})

test('a host that does not answer, or answers nonsense, is unreachable', async (t) => {
  const fixture = await startFixture(t)
  const session = fixture.addSession()
  assert.deepEqual(told(await fixture.refusal(session.id)), [503, 'HOST_UNREACHABLE'])
  const { session: other, host } = await fixture.running()
  host.refuseWith = new HoldfastError('INTERNAL', 'no')
  assert.deepEqual(told(await fixture.refusal(other.id)), [503, 'HOST_UNREACHABLE'])
})

test('what a host has against the caller is passed on; a refused grant is never shown as the caller being unknown', async (t) => {
  const fixture = await startFixture(t)
  const { session, host } = await fixture.running()
  host.refuseWith = new HoldfastError('TOO_MANY', 'enough viewers')
  assert.deepEqual(told(await fixture.refusal(session.id)), [429, 'TOO_MANY'])
  host.refuseWith = new HoldfastError('SESSION_ENDED', 'over')
  assert.deepEqual(told(await fixture.refusal(session.id)), [409, 'SESSION_ENDED'])
  host.refuseWith = new HoldfastError('UNAUTHENTICATED', 'whose grant is this')
  assert.deepEqual(told(await fixture.refusal(session.id)), [503, 'HOST_UNREACHABLE'])
})

test('without store and orchestrator nobody knows: 503; a ticket needs the store', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  fixture.store.down = true
  await fixture.orchestrator.stop()
  assert.deepEqual(told(await fixture.refusal(session.id)), [503, 'STORE_UNAVAILABLE'])
  const byTicket = await fixture.refusal(session.id, ['holdfast.v1', 'ticket.any'], {})
  assert.deepEqual(told(byTicket), [503, 'STORE_UNAVAILABLE'])
})

test('while it drains nobody new is let in', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  await fixture.gateway.drain()
  assert.deepEqual(told(await fixture.refusal(session.id)), [503, 'DRAINING'])
})

test('refusals are counted by code, and upgrade requests elsewhere are 404', async (t) => {
  const fixture = await startFixture(t)
  await fixture.refusal(GONE)
  assert.equal(await fixture.counted('holdfast_gateway_refused_total', { code: 'SESSION_NOT_FOUND' }), 1)
  const upgrade = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  for (const path of ['/', '/v1/sessions', '/v1/sessions/a/b/attach', '//']) {
    const answer = await fixture.speak(`GET ${path} HTTP/1.1\r\n${upgrade}`)
    assert.match(answer, /^HTTP\/1.1 404 .*"code":"NOT_FOUND"/s, path)
  }
})

test('an upgrade request that is not RFC 6455 is refused with a reason', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  const head = `${fixture.attachPath(session.id)} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`
  const key = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
  const version = 'Sec-WebSocket-Version: 13\r\n'
  for (const wrong of [`POST ${head}${key}${version}`, `GET ${head}${version}`, `GET ${head}${key}`]) {
    assert.match(await fixture.speak(`${wrong}\r\n`), /^HTTP\/1.1 400 .*"code":"BAD_REQUEST"/s)
  }
})
