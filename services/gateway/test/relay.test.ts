/** The relay on real sockets: bounded memory, ends that lose nothing, closes between frames. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createMetrics } from '@holdfast/service-kit'
import { FrameWalker } from '../src/frames.ts'
import { METRICS, relayMeter } from '../src/metrics.ts'
import { IDLE_MS, Relay } from '../src/relay.ts'
import { until } from './fixture.ts'

const NOTHING = Buffer.alloc(0)

/** Two ends of one TCP connection; `allowHalfOpen` as the gateway's HTTP server has it. */
const pair = async (t: TestContext): Promise<{ far: Socket; near: Socket }> => {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: false })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const far = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  far.on('error', () => undefined)
  const [near] = (await accepted) as [Socket]
  t.after(() => {
    far.destroy()
    near.destroy()
    server.close()
  })
  return { far, near }
}

const relayed = async (t: TestContext): Promise<{ client: Socket; host: Socket; relay: Relay }> => {
  const client = await pair(t)
  const host = await pair(t)
  const meter = relayMeter(createMetrics(METRICS))
  const relay = new Relay({ socket: client.near, head: NOTHING }, { socket: host.near, head: NOTHING }, meter)
  return { client: client.far, host: host.far, relay }
}

/** Unmasked, or masked with a key of zeros: the payload stays readable. */
const frame = (payload: Buffer, { masked = false, first = 0x82 } = {}): Buffer => {
  const size = Buffer.alloc(8)
  size.writeBigUInt64BE(BigInt(payload.length))
  const key = Buffer.alloc(masked ? 4 : 0)
  return Buffer.concat([Buffer.from([first, (masked ? 0x80 : 0) | 127]), size, key, payload])
}

const received = (socket: Socket): { bytes: () => Buffer } => {
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  return { bytes: () => Buffer.concat(chunks) }
}

test('50 MB to a slow reader and to a slow host: reading pauses and little is kept', async (t) => {
  const { client, host, relay } = await relayed(t)
  for (const [from, to, lane, masked] of [
    [host, client, relay.out, false],
    [client, host, relay.in, true],
  ] as const) {
    const piece = frame(Buffer.alloc(500_000, 'x'), { masked })
    let got = 0
    to.pause()
    for (let count = 0; count < 100; count++) from.write(piece)
    await until('the relay pauses', () => lane.pauses > 0)
    assert.ok(lane.bytes < 40_000_000, `${lane.bytes} were taken in although nobody reads`)
    to.on('data', (chunk) => {
      got += chunk.length
    })
    to.resume()
    await until('all has arrived', () => got === 100 * piece.length)
    assert.ok(lane.peakBuffered <= 256 * 1024, `${lane.peakBuffered} bytes were kept`)
  }
})

test('when the host ends, a slow client still gets every byte', async (t) => {
  const { client, host, relay } = await relayed(t)
  client.pause()
  const output = frame(Buffer.alloc(8_000_000, 'y'))
  host.end(output)
  await until('the relay pauses', () => relay.out.pauses > 0)
  client.write(frame(Buffer.from('an ack that nobody reads'), { masked: true }))
  const got = received(client)
  client.resume()
  await once(client, 'end')
  assert.equal(got.bytes().length, output.length)
  client.end()
  await relay.done
  assert.equal(relay.cause, 'host')
})

test('when the client ends, its last input still reaches the host', async (t) => {
  const { client, host, relay } = await relayed(t)
  const got = received(host)
  host.write(frame(Buffer.alloc(300_000)))
  const input = frame(Buffer.from('last words'), { masked: true })
  client.end(input)
  await once(host, 'end')
  assert.ok(got.bytes().equals(input))
  host.end()
  client.resume()
  await relay.done
  assert.equal(relay.cause, 'client')
})

test('a client that is cut off ends the host too', async (t) => {
  const { client, host, relay } = await relayed(t)
  host.resume()
  client.resetAndDestroy()
  await once(host, 'end')
  host.end()
  await relay.done
})

test('a drain closes with 1012 between two frames, never inside one', async (t) => {
  const { client, host, relay } = await relayed(t)
  const got = received(client)
  const output = frame(Buffer.alloc(100_000, 'z'))
  host.write(output.subarray(0, 60_000))
  await until('half a frame has arrived', () => got.bytes().length === 60_000)
  relay.close('drain')
  client.write(frame(Buffer.from('typed meanwhile'), { masked: true }))
  host.write(Buffer.concat([output.subarray(60_000), output]))
  await until('the close has arrived', () => got.bytes().length > output.length)
  assert.ok(got.bytes().subarray(0, output.length).equals(output))
  const close = got.bytes().subarray(output.length)
  assert.equal(close[0], 0x88)
  assert.equal(close.readUInt16BE(2), 1012)
  const atHost = received(host)
  client.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xf4])) // the client's answer
  await Promise.all([once(client, 'end'), once(host, 'end')])
  assert.ok(atHost.bytes().includes('typed meanwhile'))
  client.end()
  host.end()
  await relay.done
  assert.equal(relay.cause, 'drain')
  assert.equal(got.bytes().length, output.length + close.length)
})

test('a client that does not answer a close is cut off', async (t) => {
  const { client, host, relay } = await relayed(t)
  const got = received(client)
  host.resume()
  relay.close('drain')
  await relay.done
  assert.equal(got.bytes().readUInt16BE(2), 1012)
})

test('a message above the limit is answered with 1009 and not passed on', async (t) => {
  for (const parts of [
    [frame(Buffer.alloc(1024 * 1024 + 1), { masked: true })],
    [
      frame(Buffer.alloc(1024 * 1024), { masked: true, first: 0x02 }), // not the last fragment
      frame(Buffer.alloc(1), { masked: true, first: 0x80 }),
    ],
  ]) {
    const { client, host, relay } = await relayed(t)
    const got = received(client)
    const atHost = received(host)
    for (const part of parts) client.write(part)
    await once(client, 'end')
    assert.equal(got.bytes()[0], 0x88)
    assert.equal(got.bytes().readUInt16BE(2), 1009)
    assert.ok(atHost.bytes().length <= (parts.length - 1) * (parts[0]?.length ?? 0))
    client.end()
    host.end()
    await relay.done
    assert.equal(relay.cause, 'oversize')
  }
})

test('a message of exactly the limit passes', async (t) => {
  const { client, host, relay } = await relayed(t)
  const got = received(host)
  const input = frame(Buffer.alloc(1024 * 1024, 'a'), { masked: true })
  client.write(input)
  await until('all has arrived', () => got.bytes().length === input.length)
  assert.equal(relay.cause, undefined)
})

test('silence of either side for the idle time ends both', async (t) => {
  for (const alive of ['in', 'out'] as const) {
    const { client, host, relay } = await relayed(t)
    relay.sweep(performance.now() + IDLE_MS - 1000)
    assert.equal(relay.cause, undefined)
    const later = performance.now() + IDLE_MS
    relay[alive].heardAt = later
    client.resume()
    host.resume()
    relay.sweep(later + 1)
    await relay.done
    assert.equal(relay.cause, 'idle')
  }
})

test('a client that waits for a session to take its input is not dead', async (t) => {
  const { client, host, relay } = await relayed(t)
  host.pause()
  for (let count = 0; count < 20; count++) client.write(frame(Buffer.alloc(500_000), { masked: true }))
  await until('the relay pauses', () => relay.in.pauses > 0)
  const later = performance.now() + IDLE_MS
  relay.out.heardAt = later
  relay.sweep(later + 1)
  assert.equal(relay.cause, undefined)
})

test('bytes that came with the handshakes are not lost', async (t) => {
  const client = await pair(t)
  const host = await pair(t)
  const meter = relayMeter(createMetrics(METRICS))
  const input = frame(Buffer.from('early'), { masked: true })
  const output = frame(Buffer.from('hello'))
  const relay = new Relay(
    { socket: client.near, head: input.subarray(0, 5) },
    { socket: host.near, head: output.subarray(0, 3) },
    meter,
  )
  const [atClient, atHost] = [received(client.far), received(host.far)]
  client.far.write(input.subarray(5))
  host.far.write(output.subarray(3))
  await until('both', () => atClient.bytes().length === output.length && atHost.bytes().length === input.length)
  const walker = new FrameWalker(() => undefined)
  walker.walk(atClient.bytes())
  assert.ok(walker.atBoundary && atClient.bytes().equals(output) && atHost.bytes().equals(input))
  assert.equal(relay.cause, undefined)
})

test('a side that went during the handshake is noticed', async (t) => {
  for (const goner of ['client', 'host'] as const) {
    const ends = { client: await pair(t), host: await pair(t) }
    ends[goner].far.end()
    await once(ends[goner].near, 'end')
    const meter = relayMeter(createMetrics(METRICS))
    const [client, host] = [ends.client.near, ends.host.near].map((socket) => ({ socket, head: NOTHING }))
    assert.ok(client && host)
    const relay = new Relay(client, host, meter)
    const other = goner === 'client' ? ends.host.far : ends.client.far
    await once(other.resume(), 'end')
    other.end()
    await relay.done
    assert.equal(relay.cause, goner)
  }
})
