import assert from 'node:assert/strict'
import { test } from 'node:test'
import { completeLength } from '../src/sequence-boundary.ts'

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
]
for (const [before, rest] of torn) {
  test(`${JSON.stringify(before + rest)} is cut before its last sequence`, () => {
    assert.equal(completeLength(Buffer.from(before + rest)), before.length)
  })
}

test('no character is torn', () => {
  for (const character of ['é', '漢', '🙂']) {
    const bytes = Buffer.from(`ab${character}`)
    for (let cut = 3; cut < bytes.length; cut++) assert.equal(completeLength(bytes.subarray(0, cut)), 2)
    assert.equal(completeLength(bytes), bytes.length)
  }
})

test('bytes that are no UTF-8 hold nothing up', () => {
  assert.equal(completeLength(Buffer.from([0x61, 0x80, 0x80, 0x80, 0x80])), 5)
})
