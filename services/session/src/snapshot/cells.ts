/** Reads the cells of a line: their text, width and pen. */
import type { Line } from './internals.ts'
import { type Pen, penOf, plainColor } from './pen.ts'

/** Source: @xterm/headless src/common/buffer/Constants.ts. */
const CODE_POINT = 0x1fffff
const COMBINED = 0x200000
const HAS_CONTENT = 0x3fffff
const WIDTH_SHIFT = 22
const FLAGS = 0xfc000000
const EXTENDED = 0x10000000

const content = (line: Line, column: number): number => line._data[column * 3] ?? 0
const fgOf = (line: Line, column: number): number => line._data[column * 3 + 1] ?? 0
const bgOf = (line: Line, column: number): number => line._data[column * 3 + 2] ?? 0

export const hasText = (line: Line, column: number): boolean => (content(line, column) & HAS_CONTENT) !== 0
export const widthOf = (line: Line, column: number): number => content(line, column) >>> WIDTH_SHIFT

export const textOf = (line: Line, column: number): string => {
  const value = content(line, column)
  if (value & COMBINED) return line._combined[column] ?? ''
  return value & CODE_POINT ? String.fromCodePoint(value & CODE_POINT) : ''
}

export const cellPen = (line: Line, column: number): Pen => {
  const bg = bgOf(line, column)
  return penOf(fgOf(line, column), bg, bg & EXTENDED ? line._extendedAttrs[column] : undefined)
}

/** Neither text nor anything that erasing could not have left there. */
export const isErased = (line: Line, column: number): boolean =>
  content(line, column) === 1 << WIDTH_SHIFT && fgOf(line, column) === 0 && (bgOf(line, column) & FLAGS) === 0

export const background = (line: Line, column: number): number => plainColor(bgOf(line, column) & ~FLAGS)

/** The second half of a wide character. */
export const isSecondHalf = (line: Line, column: number): boolean =>
  column > 0 && widthOf(line, column) === 0 && !hasText(line, column) && widthOf(line, column - 1) === 2

/** Do the columns from here on look alike to the eye of a terminal, so that one run of text or erasure covers them? */
export const sameNumbers = (line: Line, one: number, other: number): boolean =>
  fgOf(line, one) === fgOf(line, other) &&
  bgOf(line, one) === bgOf(line, other) &&
  ((bgOf(line, one) & EXTENDED) === 0 || line._extendedAttrs[one] === line._extendedAttrs[other])

/** Blank all over, with one background. */
export const isUniform = (line: Line, cols: number): boolean =>
  Array.from({ length: cols }, (_, i) => i).every(
    (i) => isErased(line, i) && background(line, i) === background(line, 0),
  )
