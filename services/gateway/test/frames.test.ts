/** The frame walker against frames of every length form, cut anywhere. */
import assert from 'node:assert/strict'
import type { Writable } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import * as ws from 'ws'
import { closeFrame, FrameWalker, OPCODE } from '../src/frames.ts'

/** The library's own framing, which its types leave out. */
const { Receiver, Sender } = ws as unknown as {
  Receiver: new (options: object) => Writable
  Sender: { frame(data: Buffer, options: object): Buffer[] }
}

interface Frame {
  opcode: number
  final: boolean
  masked: boolean
  length: number
}

const header = ({ opcode, final, masked, length }: Frame): Buffer => {
  const first = (final ? 0x80 : 0) | opcode
  const mask = masked ? 0x80 : 0
  const key = Buffer.alloc(masked ? 4 : 0, 0xff)
  if (length < 126) return Buffer.concat([Buffer.from([first, mask | length]), key])
  const wide = length >= 2 ** 16
  const size = Buffer.alloc(wide ? 8 : 2)
  if (wide) size.writeBigUInt64BE(BigInt(length))
  else size.writeUInt16BE(length)
  return Buffer.concat([Buffer.from([first, mask | (wide ? 127 : 126)]), size, key])
}

/** mulberry32: a failing run can be repeated by its seed. */
const randomFrom = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const LENGTHS = [0, 1, 2, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537, 200_000]

const randomFrames = (random: (below: number) => number): Frame[] =>
  Array.from({ length: 40 }, () => {
    const control = random(4) === 0
    const length = control ? random(126) : random(2) === 0 ? random(300) : (LENGTHS[random(LENGTHS.length)] ?? 0)
    const opcode = control ? 8 + random(3) : random(3)
    return { opcode, final: control || random(3) > 0, masked: random(2) === 0, length }
  })

test('frames are found wherever the chunks are cut', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomFrom(seed)
    const frames = randomFrames(random)
    // Payloads look like headers, so a walker that slips goes wrong at once.
    const bytes = Buffer.concat(frames.flatMap((frame) => [header(frame), Buffer.alloc(frame.length, 0x81)]))
    const seen: number[] = []
    const ends: number[] = []
    const walker = new FrameWalker(({ opcode }) => seen.push(opcode))
    for (let from = 0; from < bytes.length; ) {
      const size = 1 + (random(3) === 0 ? random(4) : random(70_000))
      const chunk = bytes.subarray(from, from + size)
      for (let at = 0; at < chunk.length; ) {
        at = walker.step(chunk, at)
        if (walker.atBoundary) ends.push(from + at)
      }
      from += chunk.length
    }
    let end = 0
    const wanted = frames.map((frame) => (end += header(frame).length + frame.length))
    assert.deepEqual(ends, wanted, `seed ${seed}`)
    assert.deepEqual(
      seen,
      frames.map(({ opcode }) => opcode),
      `seed ${seed}`,
    )
  }
})

test('a message counts all its fragments, and control frames between them not', () => {
  const sizes: number[] = []
  const walker = new FrameWalker(({ messageBytes }) => sizes.push(messageBytes))
  const frames = [
    { opcode: OPCODE.binary, final: false, masked: true, length: 70_000 },
    { opcode: OPCODE.ping, final: true, masked: true, length: 5 },
    { opcode: OPCODE.continuation, final: false, masked: true, length: 10 },
    { opcode: OPCODE.continuation, final: true, masked: true, length: 1 },
    { opcode: OPCODE.text, final: true, masked: true, length: 3 },
  ]
  for (const frame of frames) walker.walk(Buffer.concat([header(frame), Buffer.alloc(frame.length)]))
  assert.deepEqual(sizes, [70_000, 70_000, 70_010, 70_011, 3])
})

test('a 64-bit length is reported before its payload comes', () => {
  const sizes: number[] = []
  const walker = new FrameWalker(({ messageBytes }) => sizes.push(messageBytes))
  walker.walk(header({ opcode: OPCODE.binary, final: true, masked: true, length: 2 ** 40 }))
  assert.deepEqual(sizes, [2 ** 40])
  assert.equal(walker.atBoundary, false)
  const largest = new FrameWalker(({ messageBytes }) => sizes.push(messageBytes))
  largest.walk(Buffer.from([0x82, 0x7f, 255, 255, 255, 255, 255, 255, 255, 255]))
  assert.ok((sizes[1] ?? 0) >= 2 ** 63)
})

test('a close frame carries its code and a reason of at most 123 bytes', () => {
  const frame = closeFrame(1012, 'x'.repeat(200))
  assert.equal(frame[0], 0x88)
  assert.equal(frame[1], 125)
  assert.equal(frame.readUInt16BE(2), 1012)
  assert.equal(frame.length, 127)
})

test('any frames, cut anywhere: the walker and the ws library agree where each message and control frame ends', async () => {
  const frameOf = fc.record({
    opcode: fc.constantFrom(OPCODE.text, OPCODE.binary, OPCODE.ping, OPCODE.pong),
    length: fc.oneof(fc.nat(130), fc.constantFrom(...LENGTHS)),
    fragments: fc.integer({ min: 1, max: 4 }),
  })
  const wireOf = ({ opcode, length, fragments }: { opcode: number; length: number; fragments: number }): Buffer[] => {
    const control = opcode >= OPCODE.close
    const parts = control ? 1 : fragments
    const size = control ? Math.min(length, 125) : length
    return Array.from({ length: parts }, (_, at) => {
      const bytes = at < parts - 1 ? Math.floor(size / parts) : size - Math.floor(size / parts) * (parts - 1)
      const options = { fin: at === parts - 1, opcode: at === 0 ? opcode : 0, mask: true, rsv1: false, readOnly: false }
      const framed = Sender.frame(Buffer.alloc(bytes, 'x'), { ...options, maskBuffer: Buffer.alloc(4) })
      return Buffer.concat(framed)
    })
  }
  const property = fc.property(
    fc.array(frameOf, { minLength: 1, maxLength: 12 }),
    fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1 }),
    (frames, cuts) => {
      const bytes = Buffer.concat(frames.flatMap(wireOf))
      const ends: number[] = []
      const found: number[] = []
      let fed = 0
      const receiver = new Receiver({ isServer: true, skipUTF8Validation: true })
      for (const kind of ['message', 'ping', 'pong']) receiver.on(kind, () => found.push(fed))
      let walked = 0
      let final = false
      const walker = new FrameWalker(() => undefined)
      for (let at = 0; at < bytes.length; ) {
        const chunk = bytes.subarray(at, at + (cuts[walked++ % cuts.length] ?? 1))
        for (let from = 0; from < chunk.length; ) {
          if (walker.atBoundary) final = ((chunk[from] ?? 0) & 0x80) !== 0
          from = walker.step(chunk, from)
          if (walker.atBoundary && final) ends.push(at + chunk.length)
        }
        at += chunk.length
        fed = at
        receiver.write(Buffer.from(chunk))
      }
      assert.ok(walker.atBoundary, 'all is whole')
      assert.deepEqual(ends, found)
      assert.equal(found.length, frames.length)
    },
  )
  fc.assert(property, { numRuns: 200 })
})

test('ws reads every close frame as it was meant', () => {
  const property = fc.property(
    fc.integer({ min: 3000, max: 4999 }),
    fc.string({ unit: 'grapheme', maxLength: 200, size: 'max' }),
    (code, reason) => {
      const receiver = new Receiver({ isServer: false })
      const got: [number, string][] = []
      receiver.on('conclude', (told: number, text: Buffer) => got.push([told, String(text)]))
      receiver.on('error', (error) => assert.fail(error))
      receiver.write(closeFrame(code, reason))
      assert.equal(got.length, 1)
      assert.equal(got[0]?.[0], code)
      assert.ok(reason.startsWith(got[0]?.[1] ?? '-'))
    },
  )
  fc.assert(property)
})
