/** Answers to programs that ask for colours (OSC 4, 10, 11, 12): xterm.js without a window leaves them unanswered. */

import type { TerminalColors } from '@holdfast/protocol'

/** Levels of 8 bits, written with 16. */
const rgb = (...levels: readonly number[]): string =>
  `rgb:${levels.map((level) => level.toString(16).padStart(2, '0').repeat(2)).join('/')}`

/** `#rrggbb` as a terminal answers it. */
const rgbOf = (hex: string): string => rgb(...[1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)))

/** The 16 named colours of xterm.js' default theme (src/browser/Types of 6.0: DEFAULT_ANSI_COLORS). */
const NAMED = [
  [0x2e, 0x34, 0x36],
  [0xcc, 0x00, 0x00],
  [0x4e, 0x9a, 0x06],
  [0xc4, 0xa0, 0x00],
  [0x34, 0x65, 0xa4],
  [0x75, 0x50, 0x7b],
  [0x06, 0x98, 0x9a],
  [0xd3, 0xd7, 0xcf],
  [0x55, 0x57, 0x53],
  [0xef, 0x29, 0x29],
  [0x8a, 0xe2, 0x34],
  [0xfc, 0xe9, 0x4f],
  [0x72, 0x9f, 0xcf],
  [0xad, 0x7f, 0xa8],
  [0x34, 0xe2, 0xe2],
  [0xee, 0xee, 0xec],
] as const
const CUBE = [0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff] as const

/** Colour `index` of the 256-colour palette: 16 named, a 6×6×6 cube, 24 greys. */
const paletteColor = (index: number): string => {
  const named = NAMED[index]
  if (named !== undefined) return rgb(...named)
  if (index >= 232) return rgb(8 + (index - 232) * 10, 8 + (index - 232) * 10, 8 + (index - 232) * 10)
  const at = (divisor: number): number => CUBE[Math.floor((index - 16) / divisor) % 6] as number
  return rgb(at(36), at(6), at(1))
}

/** Foreground, background, cursor: white on black unless told. */
const specialColor = (code: number, { foreground, background, cursor }: TerminalColors): string | null => {
  if (code === 10) return rgbOf(foreground ?? '#ffffff')
  if (code === 11) return rgbOf(background ?? '#000000')
  return code === 12 ? rgbOf(cursor ?? '#ffffff') : null
}

/** `data` of `OSC 4 ; <index> ; ? …`. Null when it sets colours instead of asking. */
export const paletteReply = (data: string, { palette }: TerminalColors): string | null => {
  const fields = data.split(';')
  let reply = ''
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const index = Number(fields[i])
    if (fields[i + 1] !== '?' || !Number.isInteger(index) || index < 0 || index > 255) return null
    const told = palette?.[index]
    reply += `\x1b]4;${index};${told === undefined ? paletteColor(index) : rgbOf(told)}\x1b\\`
  }
  return reply === '' ? null : reply
}

/** `data` of `OSC 10|11|12 ; ? [; ? …]`: each further field asks for the next number. */
export const specialColorReply = (code: number, data: string, colors: TerminalColors): string | null => {
  const fields = data.split(';')
  if (fields.some((field) => field !== '?')) return null
  const replies = fields.map((_, i) => {
    const color = specialColor(code + i, colors)
    return color === null ? '' : `\x1b]${code + i};${color}\x1b\\`
  })
  return replies.join('')
}
