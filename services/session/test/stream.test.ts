/** The stream's thread: what is held, what each viewer is sent of it, and the order in which a client is heeded. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ACK_BYTES, WINDOW_BYTES } from '@holdfast/protocol'
import { random } from '../fidelity/cuts.ts'
import { fifoStream } from './fifo.ts'
import { ack, binary, connection, frame, text } from './frames.ts'
import { eventually } from './harness.ts'

const BLOCK_BYTES = 64 * 1024

/** A byte of the stream tells its own offset. */
const bytesFrom = (from: number, length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (from + i) % 251))

/** The payloads of a server's binary frames. */
const outputOf = (received: Buffer): Buffer => {
  const parts: Buffer[] = []
  for (let at = 0; at + 2 <= received.length; ) {
    const length = received[at + 1] ?? 0
    const head = length === 127 ? 10 : length === 126 ? 4 : 2
    if (at + head > received.length) break
    const size =
      length === 127
        ? Number(received.readBigUInt64BE(at + 2))
        : length === 126
          ? received.readUInt16BE(at + 2)
          : length
    if (at + head + size > received.length) break
    if (received[at] === 0x82) parts.push(received.subarray(at + head, at + head + size))
    at += head + size
  }
  return Buffer.concat(parts)
}

for (const base of [0, 2 ** 32 - 70_000, 2 ** 45 + 7]) {
  test(`from offset ${base} on, what is held is what was written, and a viewer may begin anywhere in it`, async (t) => {
    const { stream } = fifoStream(t, { base, replayBytes: 200_000 })
    for (let done = 0; done < 600_000; done += 30_001) stream.print(bytesFrom(base + done, 30_001))
    const { start, end } = stream.state
    assert.equal(end, base + 20 * 30_001)
    assert.ok(end - start >= 200_000)
    assert.ok(end - start <= 200_000 + 2 * BLOCK_BYTES)
    for (const from of [start, start + 1, start + BLOCK_BYTES - 1, start + BLOCK_BYTES, end - 1]) {
      const { socket, client } = await connection(t, stream)
      socket.join({ typing: false, raw: false, typed: 0 })
      socket.go(from, from)
      await eventually('all of it', () => outputOf(client.received).length === end - from)
      assert.ok(outputOf(client.received).equals(bytesFrom(from, end - from)), `from ${from}`)
      socket.destroy()
    }
  })
}

test('what a snapshot may go on from is kept until it is made', (t) => {
  const { stream } = fifoStream(t, { replayBytes: 64 * 1024 })
  stream.keep()
  const { end } = stream.state
  stream.keep()
  for (let i = 0; i < 20; i++) stream.print(Buffer.alloc(50_000))
  stream.release()
  stream.print(Buffer.alloc(50_000))
  assert.ok(stream.state.start <= end)
  stream.release()
  stream.print(Buffer.alloc(BLOCK_BYTES))
  assert.ok(stream.state.start > end)
})

test('news of output that was taken before it was told of are told all the same', async (t) => {
  const [opened, moved] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { stream } = fifoStream(t, { onOutput: () => opened.resolve(), onActivity: () => moved.resolve() })
  await opened.promise
  stream.print(bytesFrom(0, 4096)) // of so much it is told in 20 ms
  assert.equal(stream.take().bytes.length, 4096)
  await moved.promise
})

/** A viewer that has joined at the beginning. */
const joined = async (t: TestContext, typing = true) => {
  const fifo = fifoStream(t, {})
  const { socket, client } = await connection(t, fifo.stream)
  const told: string[] = []
  socket.on('data', (bytes: Buffer) => told.push(bytes.toString('latin1')))
  socket.join({ typing, raw: false, typed: 0 })
  socket.go(0, 0)
  return { ...fifo, socket, client, told }
}

test('input and acknowledgements are heeded by the thread; whatever else is said comes to JavaScript, in order', async (t) => {
  const resize = text('{"type":"resize","cols":80,"rows":24}')
  const all = Buffer.concat([
    ...[binary('one '), ack(2), resize, binary('two '), frame(0x89, 'ping'), frame(0x02, 'th'), frame(0x80, 'ree ')],
    ...[binary('four '), text('{"type":"ack", "offset":3}'), binary('five')],
  ])
  for (let cut = 0; cut <= all.length; cut += 1) {
    const { client, told, socket } = await joined(t)
    client.send(all.subarray(0, cut))
    await new Promise((turn) => setImmediate(turn))
    client.send(all.subarray(cut))
    // What is typed comes back: the terminal is a pipe.
    await eventually('the echo', () => outputOf(client.received).toString() === 'one two four five')
    const passed = Buffer.concat([
      ...[resize, frame(0x89, 'ping'), frame(0x02, 'th'), frame(0x80, 'ree ')],
      text('{"type":"ack", "offset":3}'),
    ])
    assert.equal(told.join(''), passed.toString('latin1'), `cut at ${cut}`)
    assert.equal(socket.part(), 17)
    socket.destroy()
  }
})

test('what follows something that JavaScript has to hear waits until it has heard it', async (t) => {
  const fifo = fifoStream(t, {})
  const { socket, client } = await connection(t, fifo.stream)
  socket.join({ typing: true, raw: false, typed: 0 })
  socket.go(0, 0)
  client.send(binary('before '), text('{"type":"signal","name":"INT"}'), binary('behind'))
  socket.once('readable', () => undefined) // asks for something to read, as a stream that does not flow
  await eventually('the first echo', () => outputOf(client.received).toString() === 'before ')
  await eventually('the message', () => socket.readableLength > 0)
  assert.equal(outputOf(client.received).toString(), 'before ')
  socket.resume()
  await eventually('the second echo', () => outputOf(client.received).toString() === 'before behind')
})

test('what follows a long message waits until all of that has been heard', async (t) => {
  const fifo = fifoStream(t, {})
  const { socket, client } = await connection(t, fifo.stream)
  socket.join({ typing: true, raw: false, typed: 0 })
  socket.go(0, 0)
  const long = binary('x'.repeat(200_001))
  client.send(long, binary('behind'))
  let heard = 0
  while (heard < long.length) {
    await eventually('more of the message', () => {
      socket.read(0)
      return socket.readableLength > 0
    })
    assert.equal(client.received.length, 0)
    heard += (socket.read() as Buffer).length
  }
  await eventually('the echo', () => outputOf(client.received).toString() === 'behind')
})

test('who may not type is not heeded: JavaScript hears it', async (t) => {
  const { client, told } = await joined(t, false)
  client.send(binary('typed'), ack(0))
  await eventually('the frame', () => told.length > 0)
  assert.equal(told.join(''), binary('typed').toString('latin1'))
})

test('only who controls says that its window has the focus', async (t) => {
  const { client, socket, stream } = await joined(t)
  client.send(binary('a\x1b[Ib\x1b[Oc\x1b[A'))
  await eventually('the echo', () => outputOf(client.received).toString() === 'abc\x1b[A')
  stream.control(socket)
  client.send(binary('\x1b[I'))
  await eventually('the report', () => outputOf(client.received).toString() === 'abc\x1b[A\x1b[I')
})

test('no more than a window is sent unacknowledged, and each acknowledgement opens it again', async (t) => {
  const { client, stream } = await joined(t)
  for (let i = 0; i < 16; i++) stream.print(Buffer.alloc(WINDOW_BYTES / 8, 'x'))
  await eventually('a window', () => outputOf(client.received).length === WINDOW_BYTES)
  for (const offset of [ACK_BYTES, ACK_BYTES, 3 * ACK_BYTES, 2 * WINDOW_BYTES]) {
    client.send(ack(offset))
    const limit = Math.min(offset, WINDOW_BYTES + 3 * ACK_BYTES) + WINDOW_BYTES
    await eventually('more', () => outputOf(client.received).length === Math.min(limit, 2 * WINDOW_BYTES))
  }
})

test('random talk, cut anywhere, is heeded to the byte', async (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = random(seed)
    const { client, told, socket } = await joined(t)
    let typed = ''
    const others: Buffer[] = []
    const frames = Array.from({ length: 1 + Math.floor(next() * 40) }, () => {
      if (next() < 0.5) {
        const words = 'abcdefgh'.repeat(Math.floor(next() ** 4 * 4000)) || 'k'
        typed += words
        return binary(words)
      }
      if (next() < 0.3) return ack(Math.floor(next() * 1e9))
      const other = next() < 0.5 ? text(`{"type":"ping","id":${Math.floor(next() * 100)}}`) : frame(0x8a, 'pong')
      others.push(other)
      return other
    })
    const all = Buffer.concat(frames)
    for (let at = 0; at < all.length; ) {
      const size = 1 + Math.floor(next() ** 3 * 20_000)
      client.send(all.subarray(at, at + size))
      at += size
      if (next() < 0.5) await new Promise((turn) => setImmediate(turn))
    }
    await eventually('all echoes', () => outputOf(client.received).length === typed.length)
    assert.equal(outputOf(client.received).toString(), typed, `seed ${seed}`)
    await eventually('all others', () => told.join('').length === Buffer.concat(others).length)
    assert.equal(told.join(''), Buffer.concat(others).toString('latin1'), `seed ${seed}`)
    assert.equal(socket.part(), typed.length)
    socket.destroy()
  }
})
