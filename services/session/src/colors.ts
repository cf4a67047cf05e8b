/** The colours a program sees: defaults (the controller's, else xterm.js' own), and what the program itself set over them. */
import type { TerminalColors } from '@holdfast/protocol'
import type { ColorEvent } from './snapshot/internals.ts'

type Rgb = readonly [number, number, number]

/** The 16 named colours of xterm.js' default theme (src/browser/Types of 6.0: DEFAULT_ANSI_COLORS). */
const NAMED: readonly Rgb[] = [
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
]
const CUBE = [0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff] as const
const PALETTE_SIZE = 256
/** Foreground, background, cursor: behind the palette, as xterm.js numbers them. */
const SPECIAL: Readonly<Record<number, Rgb>> = { 256: [255, 255, 255], 257: [0, 0, 0], 258: [255, 255, 255] }
const BACKGROUND = 257

/** Colour `index` of the palette: 16 named, a 6×6×6 cube, 24 greys. */
const defaultColor = (index: number): Rgb => {
  const named = SPECIAL[index] ?? NAMED[index]
  if (named !== undefined) return named
  const grey = 8 + (index - 232) * 10
  if (index >= 232) return [grey, grey, grey]
  const at = (divisor: number): number => CUBE[Math.floor((index - 16) / divisor) % 6] as number
  return [at(36), at(6), at(1)]
}

const parse = (text: string | undefined): Rgb | undefined => {
  const found = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(text ?? '')
  return found ? ([1, 2, 3].map((i) => Number.parseInt(found[i] as string, 16)) as unknown as Rgb) : undefined
}

/** `4;<index>` or 10, 11, 12. */
const codeOf = (index: number): string => (index < PALETTE_SIZE ? `4;${index}` : `${index - PALETTE_SIZE + 10}`)
const osc = (text: string): string => `\x1b]${text}\x1b\\`
/** Levels of 8 bits, written with 16 as xterm does. */
const rgb = (color: Rgb): string =>
  `rgb:${color.map((level) => level.toString(16).padStart(2, '0').repeat(2)).join('/')}`

export class Colors {
  #seeds = new Map<number, Rgb>()
  readonly #set = new Map<number, Rgb>()
  /** The program has set some, once: what it restored has to be restored elsewhere as well. */
  #touched = false

  seed({ foreground, background, cursor, palette = [] }: TerminalColors): void {
    const colors: [number, Rgb | undefined][] = [foreground, background, cursor].map((text, i) => [
      PALETTE_SIZE + i,
      parse(text),
    ])
    palette.slice(0, PALETTE_SIZE).forEach((text, i) => {
      colors.push([i, parse(text)])
    })
    this.#seeds = new Map(colors.filter((entry): entry is [number, Rgb] => entry[1] !== undefined))
  }

  /** What a program asked, set or restored; returns the answers. */
  handle(events: readonly ColorEvent[]): string {
    return events.map((event) => this.#handle(event)).join('')
  }

  /** As CSI ? 997 tells it: 1 dark, 2 light. */
  get scheme(): 1 | 2 {
    const [red, green, blue] = this.#color(BACKGROUND)
    // Luma of ITU-R BT.601, in 8 bits.
    return red * 0.299 + green * 0.587 + blue * 0.114 < 128 ? 1 : 2
  }

  dump(): string {
    if (!this.#touched) return ''
    const set = [...this.#set].map(([index, color]) => osc(`${codeOf(index)};${rgb(color)}`))
    return ['104', '110', '111', '112'].map(osc).join('') + set.join('')
  }

  #color(index: number): Rgb {
    return this.#set.get(index) ?? this.#seeds.get(index) ?? defaultColor(index)
  }

  #handle({ type, index, color }: ColorEvent): string {
    if (type === 0) return index === undefined ? '' : osc(`${codeOf(index)};${rgb(this.#color(index))}`)
    this.#touched = true
    if (type === 1) {
      if (index !== undefined && color !== undefined) this.#set.set(index, color)
    } else if (index !== undefined) this.#set.delete(index)
    else for (const key of this.#set.keys()) if (key < PALETTE_SIZE) this.#set.delete(key)
    return ''
  }
}
