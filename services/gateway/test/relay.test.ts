/** The relay on real sockets: bounded memory, ends that lose nothing, closes between frames. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { clockMs, IDLE_MS, Relay } from '../src/relay.ts'
import { until } from './fixture.ts'
import { frame, pair, relayed } from './relay-fixture.ts'

const NOTHING = Buffer.alloc(0)

const received = (socket: Socket): { bytes: () => Buffer } => {
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  return { bytes: () => Buffer.concat(chunks) }
}

test('50 MB to a slow reader and to a slow host: reading pauses and little is kept', async (t) => {
  const { client, host, relay } = await relayed(t)
  for (const [from, to, lane, masked] of [
    [host, client, 'out', false],
    [client, host, 'in', true],
  ] as const) {
    const piece = frame(Buffer.alloc(500_000, 'x'), { masked })
    let got = 0
    to.pause()
    for (let count = 0; count < 100; count++) from.write(piece)
    await until('the relay pauses', () => relay[lane].pauses > 0)
    assert.ok(relay[lane].bytes < 40_000_000, `${relay[lane].bytes} were taken in although nobody reads`)
    to.on('data', (chunk) => {
      got += chunk.length
    })
    to.resume()
    await until('all has arrived', () => got === 100 * piece.length)
    assert.ok(relay[lane].peakBuffered <= 64 * 1024, `${relay[lane].peakBuffered} bytes were kept`)
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
  relay.drain()
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
  relay.drain()
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

/** Lets one side be heard later than `since`, which is after all that was heard before. */
const heard = async (from: Socket, to: Socket, masked: boolean): Promise<number> => {
  const since = clockMs()
  const arrived = once(to, 'data')
  await until('the clock has moved on', () => clockMs() > since)
  from.write(frame(Buffer.from('alive'), { masked }))
  await arrived
  return since
}

test('silence of either side for the idle time ends both', async (t) => {
  for (const alive of ['client', 'host'] as const) {
    const { client, host, relay } = await relayed(t)
    const masked = alive === 'client'
    const since = await (masked ? heard(client, host, masked) : heard(host, client, masked))
    relay.sweep(since + IDLE_MS - 1000)
    assert.equal(relay.cause, undefined)
    client.resume()
    host.resume()
    relay.sweep(since + IDLE_MS)
    await relay.done
    assert.equal(relay.cause, 'idle')
  }
})

test('a client that waits for a session to take its input is not dead', async (t) => {
  const { client, host, relay } = await relayed(t)
  host.pause()
  for (let count = 0; count < 20; count++) client.write(frame(Buffer.alloc(500_000), { masked: true }))
  await until('the relay pauses', () => relay.in.pauses > 0)
  const since = await heard(host, client, false)
  relay.sweep(since + IDLE_MS)
  assert.equal(relay.cause, undefined)
})

test('bytes that came with the handshakes are not lost', async (t) => {
  const client = await pair(t)
  const host = await pair(t)
  const input = frame(Buffer.from('early'), { masked: true })
  const output = frame(Buffer.from('hello'))
  const relay = new Relay(
    { socket: client.near, head: input.subarray(0, 5) },
    { socket: host.near, head: output.subarray(0, 3) },
  )
  const [atClient, atHost] = [received(client.far), received(host.far)]
  client.far.write(input.subarray(5))
  host.far.write(output.subarray(3))
  await until('both', () => atClient.bytes().length === output.length && atHost.bytes().length === input.length)
  assert.ok(atClient.bytes().equals(output) && atHost.bytes().equals(input))
  assert.equal(relay.cause, undefined)
})

test('a side that went during the handshake is noticed', async (t) => {
  for (const goner of ['client', 'host'] as const) {
    const ends = { client: await pair(t), host: await pair(t) }
    ends[goner].far.end()
    await once(ends[goner].near, 'end')
    const [client, host] = [ends.client.near, ends.host.near].map((socket) => ({ socket, head: NOTHING }))
    assert.ok(client && host)
    const relay = new Relay(client, host)
    const other = goner === 'client' ? ends.host.far : ends.client.far
    await once(other.resume(), 'end')
    other.end()
    await relay.done
    assert.equal(relay.cause, goner)
  }
})

test('connections that are cut at any moment leave no descriptor behind', async (t) => {
  const open = (): number => readdirSync('/proc/self/fd').length
  const cut = async (count: number): Promise<void> => {
    const { client, host, relay } = await relayed(t)
    host.write(frame(Buffer.alloc(count * 5000)))
    client.write(frame(Buffer.alloc(count * 5000), { masked: true }))
    if (count % 3 === 0) relay.drain()
    const [first, second] = count % 2 === 0 ? [client, host] : [host, client]
    if (count % 5 === 0) first.destroy()
    else first.resetAndDestroy()
    second.resetAndDestroy()
    await relay.done
  }
  await cut(0) // the thread has descriptors of its own
  const before = open()
  for (let count = 0; count < 200; count++) await cut(count)
  await until('all are closed', () => open() <= before)
})
