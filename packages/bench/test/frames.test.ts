/** The lean WebSocket of the load: cut anywhere it reads what was written. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrameReader, frame, OPCODE } from '../src/gateway/frames.ts'

const LONG = 'x'.repeat(300)
const MESSAGES: [number, string][] = [
  [OPCODE.text, '{"type":"attached"}'],
  [OPCODE.binary, ''],
  [OPCODE.binary, LONG],
  [OPCODE.ping, 'p'],
]

const read = (...chunks: Buffer[]): [number, string][] => {
  const reader = new FrameReader()
  const found: [number, string][] = []
  for (const chunk of chunks) reader.read(chunk, (opcode, payload) => found.push([opcode, payload.toString()]))
  return found
}

for (const masked of [false, true]) {
  test(`frames are read whole wherever the stream is cut (${masked ? 'masked' : 'plain'})`, () => {
    const stream = Buffer.concat(MESSAGES.map(([opcode, text]) => frame(opcode, text, masked)))
    for (let cut = 0; cut <= stream.length; cut++) {
      assert.deepEqual(read(stream.subarray(0, cut), stream.subarray(cut)), MESSAGES, `cut at ${cut}`)
    }
  })
}

test('a mask is taken off', () => {
  // RFC 6455 §5.7: a masked "Hello".
  const hello = Buffer.from([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58])
  assert.deepEqual(read(hello), [[OPCODE.text, 'Hello']])
})
