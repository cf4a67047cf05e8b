/** The wall's reading of the API's `ansi` screen: the same text, place and colours as a real terminal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Run, screenRuns } from '../src/wall/ansi.ts'
import { PLAIN } from '../src/wall/pen.ts'

const textOf = (rows: readonly Run[][]): string[] => rows.map((runs) => runs.map(({ text }) => text).join(''))
const runsOf = (ansi: string): Run[] => screenRuns(ansi, 80, 1)[0] ?? []

test('lines wrap at the width, gaps are blank, and what does not fit is left out', () => {
  assert.deepEqual(textOf(screenRuns('abcdef\r\n\x1b[2Cx\r\ny\r\nbeyond', 4, 4)), ['abcd', 'ef', '  x', 'y'])
})

test('a wrap that the serializer forces with characters and erasing leaves none of them', () => {
  // As @xterm/addon-serialize writes a row that wraps behind blank cells.
  const forced = 'ab---\x1b[1D\x1b[1X\x1b[A\x1b[2C\x1b[2X\x1b[2D\x1b[Bcd'
  assert.deepEqual(textOf(screenRuns(forced, 4, 2)), ['ab  ', 'cd'])
})

test('wide characters take two columns, and marks none', () => {
  assert.deepEqual(textOf(screenRuns('漢字ab', 5, 2)), ['漢字a', 'b'])
  assert.deepEqual(textOf(screenRuns('e\u0301x', 2, 1)), ['e\u0301x'])
})

test('the 16 colours are the theme’s, others are numbers, and attributes come and go', () => {
  assert.deepEqual(runsOf('\x1b[1;31ma\x1b[22;39mb\x1b[0mc\x1b[97;104md'), [
    { text: 'a', pen: { ...PLAIN, bold: true, color: 'var(--term-1)' } },
    { text: 'b', pen: PLAIN },
    { text: 'c', pen: PLAIN },
    { text: 'd', pen: { ...PLAIN, color: 'var(--term-15)', background: 'var(--term-12)' } },
  ])
  const colors = ['38;5;9', '38;5;196', '38;5;244', '38;2;1;2;300'].map(
    (code) => runsOf(`\x1b[${code}mx`)[0]?.pen.color,
  )
  assert.deepEqual(colors, ['var(--term-9)', 'rgb(255,0,0)', 'rgb(128,128,128)', 'rgb(1,2,44)'])
})

test('what is no sequence of the serializer is neither text nor style', () => {
  const hostile = 'a\x1b]8;;javascript:alert(1)\x07b\x1b[38;5;url(x)mc\x1b[999999999999Cd\x07\x00\x1b[31'
  const rows = screenRuns(hostile, 10, 1)
  assert.ok(textOf(rows).every((text) => text.length <= 10))
  for (const { pen } of rows.flat()) assert.match(`${pen.color}`, /^(null|var\(--term-\d+\)|rgb\([\d,]+\))$/)
  assert.equal(screenRuns('\x1b[-1A\x1b[99999999Bx', 4, 2).length, 2)
})
