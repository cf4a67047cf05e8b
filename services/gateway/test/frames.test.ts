/** The frame walker, by what it is for: wherever chunks are cut, a Close stands between two frames and a message is measured whole. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { MAX_MESSAGE_BYTES } from '@holdfast/protocol'
import fc from 'fast-check'
import { until } from './fixture.ts'
import { relayed } from './relay-fixture.ts'

interface Frame {
  opcode: number
  final: boolean
  length: number
  masked: boolean
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
/** Payloads look like headers, so a walker that slips goes wrong at once. */
const bytesOf = (frame: Frame): Buffer => Buffer.concat([header(frame), Buffer.alloc(frame.length, 0x81)])

const lengths = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 2, arbitrary: fc.constantFrom(124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537, 200_000) },
)
const dataFrames = fc.record({
  opcode: fc.constantFrom(0, 1, 2),
  final: fc.boolean(),
  length: lengths,
  masked: fc.boolean(),
})
const controlFrames = fc.record({
  opcode: fc.constantFrom(9, 10),
  final: fc.constant(true),
  length: fc.integer({ min: 0, max: 125 }),
  masked: fc.boolean(),
})
const frames = fc.array(fc.oneof(dataFrames, controlFrames), { minLength: 1, maxLength: 20 })
const RUNS = { numRuns: 60 }

const pieces = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const cut: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    cut.push(bytes.subarray(at, at + size))
    at += size
  }
  return cut
}
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 70_000 })), {
  minLength: 40,
  maxLength: 40,
})

test('a drain puts its Close behind a whole frame, wherever the chunks are cut', { timeout: 120_000 }, async (t) => {
  const property = fc.asyncProperty(
    frames,
    sizes,
    fc.double({ min: 0, max: 1, noNaN: true }),
    async (list, cut, when) => {
      const { client, host, relay } = await relayed(t)
      const chunks: Buffer[] = []
      let got = 0
      client.on('data', (chunk) => {
        chunks.push(chunk)
        got += chunk.length
      })
      const bytes = Buffer.concat(list.map(bytesOf))
      const drainAt = Math.floor(when * bytes.length)
      for (const piece of pieces(bytes.subarray(0, drainAt), cut)) host.write(piece)
      await until('what came before has arrived', () => got === drainAt)
      relay.drain()
      for (const piece of pieces(bytes.subarray(drainAt), cut)) host.write(piece)
      let end = 0
      for (const frame of list) if (end < drainAt) end += bytesOf(frame).length
      await until('the Close has arrived', () => got > end + 4)
      const all = Buffer.concat(chunks)
      assert.ok(all.subarray(0, end).equals(bytes.subarray(0, end)))
      assert.deepEqual([all[end], all.readUInt16BE(end + 2)], [0x88, 1012])
      client.destroy()
      host.destroy()
      await relay.done
      assert.equal(relay.cause, 'drain')
    },
  )
  await fc.assert(property, RUNS)
})

/** Whether a message of the list is above the limit: its fragments count together, control frames between them do not. */
const isOversize = (list: readonly Frame[]): boolean => {
  let message = 0
  let open = false
  return list.some(({ opcode, final, length }) => {
    if (opcode >= 8) return false
    message = (open ? message : 0) + length
    open = !final
    return message > MAX_MESSAGE_BYTES
  })
}

test('a message is refused exactly when its fragments together are above the limit', {
  timeout: 120_000,
}, async (t) => {
  const large = fc.record({
    opcode: fc.constantFrom(0, 1, 2),
    final: fc.boolean(),
    length: fc.constantFrom(0, 1, 300_000, 524_288, 524_289, 1_048_575, 1_048_576),
    masked: fc.boolean(),
  })
  const property = fc.asyncProperty(
    fc.array(fc.oneof(large, controlFrames), { minLength: 1, maxLength: 5 }),
    sizes,
    async (list, cut) => {
      const { client, host, relay } = await relayed(t)
      let got = 0
      host.on('data', (chunk) => {
        got += chunk.length
      })
      const bytes = Buffer.concat(list.map(bytesOf))
      const answer = once(client, 'data')
      for (const piece of pieces(bytes, cut)) client.write(piece)
      if (isOversize(list)) {
        const [close] = (await answer) as [Buffer]
        assert.equal(close.readUInt16BE(2), 1009)
        assert.equal(relay.cause, 'oversize')
      } else {
        await until('all has passed', () => got === bytes.length)
        assert.equal(relay.cause, undefined)
      }
      client.destroy()
      host.destroy()
      await relay.done
    },
  )
  await fc.assert(property, RUNS)
})
