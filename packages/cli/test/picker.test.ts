import assert from 'node:assert/strict'
import { test } from 'node:test'
import { session } from '@holdfast/client/fake-host'
import type { Session } from '@holdfast/protocol'
import { matching, pickerFrame } from '../src/picker.ts'

const many = Array.from({ length: 30 }, (_, at) => session({ name: `s${at}` })) as unknown as Session[]
const size = { cols: 60, rows: 8 }

test('the chosen one is always in the picture, which fills the screen and no more', () => {
  for (const at of [0, 1, 15, 28, 29]) {
    const lines = pickerFrame(many, { typed: '', at }, size, Date.now())
    assert.equal(lines.length, size.rows)
    const [chosen, ...more] = lines.filter((line) => line.startsWith('\x1b[7m'))
    assert.match(chosen ?? '', new RegExp(`^\\x1b\\[7ms${at} `))
    assert.deepEqual(more, [])
    // biome-ignore lint/suspicious/noControlCharactersInRegex: attributes take no cells
    for (const line of lines) assert.ok(line.replace(/\x1b\[\d*m/g, '').length <= size.cols, line)
  }
})

test('letters narrow it down by id, name and command, whatever their case', () => {
  assert.deepEqual(
    matching(many, 'S2').map(({ name }) => name),
    ['s2', 's20', 's21', 's22', 's23', 's24', 's25', 's26', 's27', 's28', 's29'],
  )
  assert.equal(matching(many, 'BASH').length, 30)
  assert.deepEqual(matching(many, 'nothing'), [])
  const lines = pickerFrame([], { typed: 'nothing', at: 0 }, size, Date.now())
  assert.equal(lines[1], 'no session matches')
  assert.equal(lines.at(-1), '> nothing')
})
