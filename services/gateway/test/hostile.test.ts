/** Broken and hostile peers: the gateway goes on, and every gauge returns to zero. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { closed, type Fixture, messagesOf, startFixture, until } from './fixture.ts'

const upgradeOf = (fixture: Fixture, session: string): string =>
  [
    `GET ${fixture.attachPath(session)} HTTP/1.1`,
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    `Authorization: Bearer ${fixture.ann.key}`,
    '\r\n',
  ].join('\r\n')

const dialled = (fixture: Fixture): Socket =>
  connect({ port: fixture.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined)

const nothingLeft = (fixture: Fixture): Promise<void> =>
  until('all attachments and connections are gone', async () => {
    if ((await fixture.attachments()) > 0) return false
    const open = await new Promise<number>((done) =>
      fixture.gateway.app.server.getConnections((_error, count) => done(count)),
    )
    return open === 0
  })

test('garbage after the upgrade ends that attachment only', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  const bystander = await fixture.open(session.id)
  for (let count = 0; count < 20; count++) {
    const socket = dialled(fixture)
    socket.write(upgradeOf(fixture, session.id))
    await once(socket, 'data')
    socket.end(randomBytes(5000)).resume()
    await closed(socket)
  }
  const got = messagesOf(bystander)
  bystander.send('still here')
  await until('the echo', () => got.length === 1)
  bystander.terminate()
  await nothingLeft(fixture)
})

test('a frame that announces 2^63 bytes is answered with 1009', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  const socket = dialled(fixture)
  socket.write(upgradeOf(fixture, session.id))
  const [answer] = await once(socket, 'data')
  assert.match(String(answer), /^HTTP\/1.1 101 /)
  socket.write(Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]))
  const [close] = (await once(socket, 'data')) as [Buffer]
  assert.equal(close.readUInt16BE(2), 1009)
  socket.destroy()
  await nothingLeft(fixture)
})

test('a client of the ws library learns 1009 for an oversize message', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  const client = await fixture.open(session.id)
  client.send(Buffer.alloc(5_000_000))
  const [code] = await once(client, 'close')
  assert.equal(code, 1009)
  await nothingLeft(fixture)
})

test('clients that vanish at any step leave nothing behind', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  const late = fixture.addSession() // nobody listens: the dial is tried several times
  const text = upgradeOf(fixture, session.id)
  for (const cut of [1, 20, text.length - 1, text.length]) {
    const socket = dialled(fixture)
    socket.write(text.slice(0, cut))
    await once(socket, 'connect')
    socket.resetAndDestroy()
  }
  const halfOpen = dialled(fixture)
  halfOpen.end(text).resume()
  await closed(halfOpen)
  const waiting = dialled(fixture)
  waiting.write(upgradeOf(fixture, late.id))
  await until('it is being dialled', async () => (await fixture.counted('holdfast_gateway_dial_retries_total', {})) > 0)
  waiting.resetAndDestroy()
  await nothingLeft(fixture)
})

test('a host that is killed ends its clients, and they can come back', async (t) => {
  const fixture = await startFixture(t)
  const { session, host } = await fixture.running()
  const client = await fixture.open(session.id)
  for (const socket of host.sockets) socket.terminate()
  const [code] = await once(client, 'close')
  assert.equal(code, 1006)
  await fixture.open(session.id)
})

test('headers that trickle are given ten seconds, and that is looked at', async (t) => {
  const { server } = (await startFixture(t)).gateway.app
  assert.equal(server.headersTimeout, 10_000) // Node's own tests show that it cuts; here it counts that it is set
  assert.ok(server.requestTimeout > 0)
})

test('no HTTP, endless headers and refused upgrades leave nothing behind', async (t) => {
  const fixture = await startFixture(t)
  const flood = `GET / HTTP/1.1\r\n${Array.from({ length: 700 }, (_, at) => `X-${at}: ${'y'.repeat(20)}\r\n`).join('')}`
  assert.match(await fixture.speak(flood), /^HTTP\/1.1 431 /)
  for (const text of ['\0\0\0\0', 'GET', '\x16\x03\x01\x02\0\x01', 'GET / HTTP/9.9\r\n\r\n']) {
    const socket = dialled(fixture)
    socket.end(text).resume()
    await closed(socket)
  }
  for (let count = 0; count < 50; count++) await fixture.refusal(`test-${'0'.repeat(14)}`)
  await nothingLeft(fixture)
})

test('a drain reaches every client while output streams, and ends when they are gone', async (t) => {
  const fixture = await startFixture(t)
  const { session, host } = await fixture.running()
  host.onSocket = (socket) => {
    const more = (): void => socket.send(Buffer.alloc(70_000, 'o'), (failed) => (failed ? undefined : more()))
    more()
  }
  const clients = await Promise.all(Array.from({ length: 25 }, () => fixture.open(session.id)))
  const sizes = clients.map((client) => messagesOf(client))
  const closes = clients.map((client) => once(client, 'close'))
  await until('all get output', () => sizes.every((messages) => messages.length > 1))
  await fixture.gateway.drain()
  for (const close of closes) assert.equal((await close)[0], 1012)
  assert.ok(sizes.flat().every((message) => message.length === 70_000))
  await nothingLeft(fixture)
})
