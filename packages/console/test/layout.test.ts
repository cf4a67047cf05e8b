/** How sessions share the page, as data. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrange, layoutText, moved, parseLayout, split, without } from '../src/terminal/layout.ts'
import { isRisky, linesOf } from '../src/terminal/paste-guard.ts'

test('a layout is split, left and written as it stands in the address', () => {
  const one = parseLayout('a') ?? []
  const three = split(split(one, 'a', 'b', 'right'), 'a', 'c', 'below')
  assert.equal(layoutText(three), 'a.c+b')
  assert.deepEqual(parseLayout('a.c+b'), three)
  assert.equal(layoutText(without(three, 'b')), 'a.c')
  assert.deepEqual(without(one, 'a'), [])
})

test('places fill the page, and a border moves what is on both sides of it', () => {
  const layout = parseLayout('a.c+b') ?? []
  const { places, borders } = arrange(layout, {})
  assert.deepEqual(
    places.map(({ id, left, top, width, height }) => [id, left, top, width, height]),
    [
      ['a', 0, 0, 0.5, 0.5],
      ['c', 0, 0.5, 0.5, 0.5],
      ['b', 0.5, 0, 0.5, 1],
    ],
  )
  const [rows, columns] = borders
  assert.ok(rows?.direction === 'rows' && columns?.direction === 'columns')
  const wider = arrange(layout, moved({}, columns, 0.25)).places
  assert.equal(wider[0]?.width, 0.75)
  const least = arrange(layout, moved({}, columns, -2)).places
  assert.ok((least[0]?.width ?? 0) > 0.04, 'nothing gets so small that it is lost')
})

test('lines are counted as a program would get them', () => {
  assert.deepEqual(['a', 'a\n', 'a\r\nb', 'a\n\nb\n'].map(linesOf), [1, 1, 2, 3])
  assert.ok(isRisky('a\nb', false) && !isRisky('a\n', false))
  assert.ok(!isRisky('a\nb', true) && isRisky('a\n'.repeat(101), true))
})
