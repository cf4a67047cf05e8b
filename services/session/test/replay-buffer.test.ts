import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReplayBuffer } from '../src/replay-buffer.ts'

/** A byte of the stream tells its own offset. */
const stream = (from: number, length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (from + i) % 251))

const readAll = (buffer: ReplayBuffer, from: number): Buffer => {
  const parts: Buffer[] = []
  for (let at = from; at < buffer.end; ) {
    const part = buffer.read(at, 50_000)
    assert.ok(part.length > 0, `nothing at ${at}`)
    parts.push(part)
    at += part.length
  }
  return Buffer.concat(parts)
}

for (const base of [0, 2 ** 32 - 70_000, 2 ** 45 + 7]) {
  test(`from offset ${base} on, what is held is what was written, at least the last bytes asked for`, () => {
    const buffer = new ReplayBuffer(200_000, base)
    for (let done = 0; done < 600_000; done += 30_001) buffer.append(stream(base + done, 30_001))
    assert.equal(buffer.end, base + 20 * 30_001)
    assert.ok(buffer.end - buffer.start >= 200_000)
    assert.ok(buffer.end - buffer.start <= 200_000 + 64 * 1024)
    assert.deepEqual(readAll(buffer, buffer.start), stream(buffer.start, buffer.end - buffer.start))
  })
}

test('bytes that were handed out are never overwritten', () => {
  const buffer = new ReplayBuffer(1024)
  buffer.append(stream(0, 1000))
  const held = buffer.read(0, 1000)
  for (let done = 1000; done < 500_000; done += 5000) buffer.append(stream(done, 5000))
  assert.deepEqual(held, stream(0, 1000))
  assert.ok(buffer.start > 1000)
})

test('what must be kept is kept beyond the size', () => {
  const buffer = new ReplayBuffer(1024)
  for (let done = 0; done < 500_000; done += 5000) buffer.append(stream(done, 5000), 100_000)
  assert.ok(buffer.start <= 100_000)
  assert.deepEqual(readAll(buffer, 100_000), stream(100_000, 400_000))
})

test('there is nothing outside of what is held', () => {
  const buffer = new ReplayBuffer(1024, 10)
  assert.equal(buffer.read(10, 5).length, 0)
  buffer.append(stream(10, 4))
  assert.equal(buffer.read(9, 5).length, 0)
  assert.equal(buffer.read(14, 5).length, 0)
  assert.equal(buffer.read(12, 5).length, 2)
})

test('a read reaches over blocks, and the same question has the same answer until there is more', () => {
  const buffer = new ReplayBuffer(200_000)
  buffer.append(stream(0, 150_000))
  const first = buffer.read(60_000, 50_000)
  assert.deepEqual(first, stream(60_000, 50_000))
  assert.equal(buffer.read(60_000, 50_000), first)
  assert.deepEqual(buffer.read(140_000, 50_000), stream(140_000, 10_000))
  buffer.append(stream(150_000, 10))
  assert.deepEqual(buffer.read(140_000, 50_000), stream(140_000, 10_010))
})
