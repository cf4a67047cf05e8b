/** Whether output ends as the screen does: else the screen is painted once more at the end of a command. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Tail } from '../src/tmux/tail.ts'

const says = (output: string, lines: readonly string[]): boolean => {
  const tail = new Tail()
  tail.add(Buffer.from(output))
  return tail.endsAs(Buffer.from(`${lines.join('\r\n')}\x1b[0m\x1b[4;1H`))
}

test('output that came to the end of the screen has said it all', () => {
  assert.ok(says('one\r\ntwo\r\n', ['one', 'two', '', '']))
  assert.ok(says('\x1b[31mred\x1b(B\x1b[m\r\n\x1b]0;title\x07plain\tb', ['\x1b[31mred\x1b[39m', 'plain   b']))
  assert.ok(says('10 %\r100 %\r\ndone\r\n', ['100 %', 'done']))
  assert.ok(says('whatever', ['', '']))
})

test('of what was given only the end counts, however it came', () => {
  const tail = new Tail()
  for (const piece of ['x'.repeat(5000), 'on', 'e\r\nt', 'wo']) tail.add(Buffer.from(piece))
  assert.ok(tail.endsAs(Buffer.from('one\r\ntwo')))
})

test('output that stopped before the end has not, though its last line is the same', () => {
  assert.ok(!says('1 same\r\n2 same\r\n', ['3 same', '4 same']))
  assert.ok(!says('{\r\n  1\r\n}\r\n', ['{', '  2', '}']))
})
