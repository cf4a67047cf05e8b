/** Attaching through a real gateway to a host that checks the grant. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { type Fixture, messagesOf, startFixture, until } from './fixture.ts'

test('text and binary messages pass both ways as they are', async (t) => {
  const fixture = await startFixture(t)
  const { session, host } = await fixture.running()
  const client = await fixture.open(session.id)
  assert.equal(client.protocol, 'holdfast.v1')
  const got: { data: Buffer; binary: boolean }[] = []
  client.on('message', (data, binary) => got.push({ data: data as Buffer, binary }))
  client.send('{"type":"ping","id":1}')
  client.send(Buffer.from([0, 1, 2, 255]))
  await until('both echoes', () => got.length === 2)
  assert.deepEqual(got[0], { data: Buffer.from('{"type":"ping","id":1}'), binary: false })
  assert.deepEqual(got[1], { data: Buffer.from([0, 1, 2, 255]), binary: true })
  const [grant] = host.grants
  assert.ok(grant)
  assert.deepEqual(grant, {
    host: host.id,
    session: session.id,
    fence: 3,
    op: 'attach',
    mode: 'rw',
    principal: 'ann',
  })
})

test('900 KB in fragments arrives whole, with pings between the fragments', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  const client = await fixture.open(session.id)
  const got = messagesOf(client)
  const whole = Buffer.alloc(900_000, 'abcdefghij')
  for (let from = 0; from < whole.length; from += 90_000) {
    client.send(whole.subarray(from, from + 90_000), { binary: true, fin: from + 90_000 >= whole.length })
    client.ping('x')
  }
  await until('the echo', () => got.length === 1)
  assert.ok(got[0]?.equals(whole))
})

test('raw mode passes the size on, and nothing else of the URL', async (t) => {
  const fixture = await startFixture(t)
  const { session, host } = await fixture.running()
  const client = await fixture.open(session.id, [])
  assert.equal(client.protocol, '')
  assert.equal(host.urls[0], '/attach')
  const request = [
    `GET ${fixture.attachPath(session.id)}?cols=100&rows=40&token=secret HTTP/1.1`,
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    `Authorization: Bearer ${fixture.ann.key}`,
    '\r\n',
  ]
  const close = Buffer.from([0x88, 0x80, 0, 0, 0, 0]) // masked, right behind the request
  const answer = await fixture.speak(Buffer.concat([Buffer.from(request.join('\r\n')), close]))
  assert.match(answer, /^HTTP\/1.1 101 /)
  assert.ok(answer.endsWith('\x88\x00')) // the host's answer to that close came back
  assert.equal(host.urls[1], '/attach?cols=100&rows=40')
})

test('no credential of the client reaches the host', async (t) => {
  const fixture = await startFixture(t)
  const { session, host } = await fixture.running()
  const ticket = fixture.addTicket(session.id)
  await fixture.open(session.id, ['holdfast.v1', `ticket.${ticket}`], {
    headers: { cookie: 'holdfast=secret', 'x-api-key': fixture.ann.key },
    origin: fixture.url,
  })
  const text = JSON.stringify(host.headers)
  for (const secret of [ticket, 'secret', fixture.ann.key, fixture.url]) assert.ok(!text.includes(secret), secret)
  assert.equal(host.headers[0]?.['sec-websocket-protocol'], 'holdfast.v1')
})

test('a ticket lets in once, with its mode', async (t) => {
  const fixture = await startFixture(t)
  const { session, host } = await fixture.running()
  const ticket = fixture.addTicket(session.id, 'ro')
  const client = await fixture.open(session.id, ['holdfast.v1', `ticket.${ticket}`], {})
  assert.equal(client.protocol, 'holdfast.v1')
  assert.equal(host.grants[0]?.mode, 'ro')
  const again = await fixture.refusal(session.id, ['holdfast.v1', `ticket.${ticket}`], {})
  assert.deepEqual([again.status, again.code], [401, 'UNAUTHENTICATED'])
})

test('the console attaches with its cookie', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  const login = await fetch(`${fixture.url}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: fixture.ann.key }),
  })
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
  await fixture.open(session.id, undefined, { headers: { cookie }, origin: fixture.url })
  const foreign = await fixture.refusal(session.id, undefined, { headers: { cookie }, origin: 'http://evil.example' })
  assert.deepEqual([foreign.status, foreign.code], [403, 'ORIGIN_FORBIDDEN'])
})

/** Of the process, so of every gateway in this file. */
const dataPath = async (fixture: Fixture): Promise<{ in: number; out: number; echoes: number }> => {
  const text = await fixture.metrics.registry.metrics()
  const count = (name: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(name))
        ?.split(' ')[1],
    )
  return {
    in: count('holdfast_gateway_bytes_total{direction="in"}'),
    out: count('holdfast_gateway_bytes_total{direction="out"}'),
    echoes: count('holdfast_gateway_echo_seconds_count'),
  }
}

test('counters follow an attachment from begin to end', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  const before = await dataPath(fixture)
  const client = await fixture.open(session.id)
  const got = messagesOf(client)
  await until('it is counted', async () => (await fixture.attachments()) === 1)
  client.send(Buffer.from('x'))
  await until('the echo', () => got.length === 1)
  client.close(1000)
  const [code] = await once(client, 'close')
  assert.equal(code, 1000)
  await until('it is no longer counted', async () => (await fixture.attachments()) === 0)
  const after = await dataPath(fixture)
  assert.ok(after.in - before.in >= 7)
  assert.ok(after.out - before.out >= 3)
  assert.equal(after.echoes - before.echoes, 1)
  assert.equal(await fixture.counted('holdfast_gateway_resolve_total', { source: 'store' }), 1)
  assert.equal(await fixture.counted('holdfast_gateway_attach_total', { credential: 'key' }), 1)
})

test('what the host says last arrives, then its close', async (t) => {
  const fixture = await startFixture(t)
  const { session, host } = await fixture.running()
  host.onSocket = (socket) => {
    for (let count = 0; count < 50; count++) socket.send(Buffer.alloc(100_000, count))
    socket.close(1000, 'ended')
  }
  const client = fixture.dial(session.id)
  const got = messagesOf(client)
  const [code, reason] = await once(client, 'close')
  assert.deepEqual([code, String(reason)], [1000, 'ended'])
  assert.equal(got.length, 50)
  assert.ok(got.every((message, index) => message.length === 100_000 && message[99_999] === index))
})
