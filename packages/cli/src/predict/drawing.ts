/** Draws guessed characters at the cursor and takes them away again, so that the terminal is as before: cells, cursor, pen. */
import type { Pen } from './internals.ts'
import type { Place } from './screen-model.ts'

/** Underlined in the terminal's own colours: what stands there is not certain. */
const GUESS = '\x1b[0;4m'
/** Source: xterm.js' Attributes.CM_P16: set by codes 30 to 37 and 90 to 97. */
const PALETTE_16 = 0x1000000

const color = (code: 38 | 48, mode: number, value: number, isRgb: boolean): string => {
  if (isRgb) return `${code};2;${value >> 16};${(value >> 8) & 0xff};${value & 0xff}`
  if (mode !== PALETTE_16) return `${code};5;${value}`
  return `${value < 8 ? code - 8 + value : code + 44 + value}`
}

/** Source: ECMA-48 §8.3.117 (SGR). */
const sgr = (pen: Pen): string => {
  const flags: [number, number][] = [
    [pen.isBold(), 1],
    [pen.isDim(), 2],
    [pen.isItalic(), 3],
    [pen.isBlink(), 5],
    [pen.isInverse(), 7],
    [pen.isInvisible(), 8],
    [pen.isStrikethrough(), 9],
    [pen.isOverline(), 53],
  ]
  const codes = ['0', ...flags.filter(([is]) => is !== 0).map(([, code]) => `${code}`)]
  if (!pen.isFgDefault()) codes.push(color(38, pen.getFgColorMode(), pen.getFgColor(), pen.isFgRGB()))
  if (!pen.isBgDefault()) codes.push(color(48, pen.getBgColorMode(), pen.getBgColor(), pen.isBgRGB()))
  return `\x1b[${codes.join(';')}m`
}

/**
 * Brings back pen and cursor behind what was drawn. The character that was printed `last`, if nothing else came since, is printed
 * again in its place, in the same pen, so that what comes next joins or repeats it as it would have; '' otherwise.
 */
const back = ({ pen, last }: Place): string => `${last === '' ? '' : '\x1b[D'}${sgr(pen)}${last}`

/** `text`: at least one character, each of one cell. */
export const draw = (text: string, place: Place): string => `${GUESS}${text}\x1b[${text.length}D${back(place)}`

/** Of `length` characters that were drawn at the same place: their cells were empty. */
export const erase = (length: number, place: Place): string => `\x1b[0m\x1b[${length}X${back(place)}`
