/** Where output may be cut, by the parser that will read it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import headless from '@xterm/headless'
import fc from 'fast-check'
import { SequenceBoundary } from '../src/sequence-boundary.ts'
import { type Core, coreOf } from '../src/snapshot/internals.ts'

type SyncCore = Core & { writeSync(bytes: Uint8Array): void }
const newCore = (): SyncCore =>
  coreOf(new headless.Terminal({ cols: 20, rows: 5, allowProposedApi: true, logLevel: 'off' })) as SyncCore
const boundary = new SequenceBoundary(newCore()._inputHandler._parser._transitions.table)
const completeLength = (bytes: Buffer): number => boundary.scan(bytes).complete

const whole = [
  'plain text\r\n',
  '\x1b[1;31mred\x1b[0m',
  '\x1b]0;title\x07after',
  '\x1b]8;;http://x\x1b\\link',
  '\x1bP1$r0m\x1b\\',
  '\x1b(0lqk\x1b(B',
  '\x1b7\x1b8',
  'é漢🙂',
  '\x1b[31\x18text',
  '\x1b[3\x1b[0m',
  '\x1b[3\nm',
  '\u009b31m',
  '\u009d0;title\u009c',
  '\x1b_ends with é',
  '\x1b]0;é does not end this\x07',
  'a\xa0b',
]
for (const text of whole) {
  test(`${JSON.stringify(text)} may be cut behind it`, () => {
    const bytes = Buffer.from(text)
    assert.equal(completeLength(bytes), bytes.length)
  })
}

const torn: [string, string][] = [
  ['text', '\x1b'],
  ['text', '\x1b['],
  ['text\x1b[0m', '\x1b[38;5;1'],
  ['a', '\x1b]0;title'],
  ['a', '\x1b]0;title\x1b'],
  ['a', '\x1bPq#0;2;0\x07more'],
  ['a', '\x1b('],
  ['a', '\u009b31'],
  ['a', '\u009d0;title\x1b'],
  ['a', '\x1b_with \x07 and text'],
  ['a', '\x1bP1<ignored'],
]
for (const [before, rest] of torn) {
  test(`${JSON.stringify(before + rest)} is cut before its last sequence`, () => {
    assert.equal(completeLength(Buffer.from(before + rest)), before.length)
  })
}

test('no character is torn', () => {
  for (const character of ['é', '漢', '🙂', '\u0090']) {
    const bytes = Buffer.from(`ab${character}`)
    for (let cut = 3; cut < bytes.length; cut++) assert.equal(completeLength(bytes.subarray(0, cut)), 2)
  }
})

test('bytes that are no UTF-8 hold nothing up', () => {
  assert.equal(completeLength(Buffer.from([0x61, 0x80, 0x80, 0x80, 0x80])), 5)
  assert.equal(completeLength(Buffer.from([0x61, 0xff, 0xfe, 0xf8])), 4)
})

/** Bytes that parsers trip over, more often than others. */
const hostileByte = fc.oneof(
  fc.constantFrom(...Buffer.from('\x1b\x1b\x1b[]PX^_\\?<=>;:0 (#$q!m\x07\x18\x1a\n\x00\x7f')),
  fc.constantFrom(0xc2, 0xc2, 0x90, 0x98, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0x80, 0xe2, 0xf0, 0xc0, 0xed, 0xa0, 0xff),
  fc.integer({ min: 0, max: 255 }),
)
const chunks = fc.array(fc.array(hostileByte, { maxLength: 12 }), {
  maxLength: 12,
})

test('after every piece that was let through the parser rests and holds no part of a character that could go on', () => {
  fc.assert(
    fc.property(chunks, (parts) => {
      const core = newCore()
      const { _parser: parser, _utf8Decoder: decoder } = core._inputHandler
      let held = Buffer.alloc(0)
      let position = { at: 0, state: 0 }
      for (const part of parts) {
        const all = Buffer.concat([held, Buffer.from(part)])
        const { complete, at, state } = boundary.scan(all, position)
        core.writeSync(all.subarray(0, complete))
        assert.equal(parser.currentState, 0)
        held = Buffer.from(all.subarray(complete))
        // Malformed: the byte behind it, which is known, begins another.
        if (decoder.interim[0] !== 0) assert.ok(held.length > 0 && ((held[0] as number) & 0xc0) !== 0x80)
        position = { at: at - complete, state }
      }
    }),
    { numRuns: 3000 },
  )
})

test('what is held back is no more than it has to be: the parser would not rest behind it', () => {
  fc.assert(
    fc.property(fc.array(hostileByte, { minLength: 1, maxLength: 24 }), (values) => {
      const bytes = Buffer.from(values)
      const { complete } = boundary.scan(bytes)
      if (complete === bytes.length) return
      const core = newCore()
      core.writeSync(bytes)
      const { _parser: parser, _utf8Decoder: decoder } = core._inputHandler
      assert.ok(parser.currentState !== 0 || decoder.interim[0] !== 0)
    }),
    { numRuns: 3000 },
  )
})
