/** The pen (colours, flags, underline, link) and the shortest sequences that lead from one to another. */
import type { BufferState, Core, ExtendedAttributes, PenState } from './internals.ts'

export interface Pen {
  fg: number
  bg: number
  /** Underline style and colour, as xterm.js stores them. */
  style: number
  color: number
  /** 0: none. */
  url: number
}

/** Source: @xterm/headless src/common/buffer/Constants.ts. */
const COLOR_MODE = 0x3000000
const PALETTE_16 = 0x1000000
const PALETTE_256 = 0x2000000
const COLOR = 0x3ffffff
/** In `fg`: is underlined. */
const UNDERLINE = 0x10000000
/** In `bg`: style, colour and link count. */
const EXTENDED = 0x10000000
const BOLD = 0x8000000
const DIM = 0x8000000
const PROTECTED = 0x20000000
/** Flag, code that sets it, code that clears it. */
const FG_FLAGS = [
  [0x20000000, 5, 25],
  [0x4000000, 7, 27],
  [0x40000000, 8, 28],
  [0x80000000, 9, 29],
] as const
const BG_FLAGS = [
  [0x4000000, 3, 23],
  [0x40000000, 53, 55],
] as const

/** Some link, whatever its address. */
const ANY_LINK = -1

export const DEFAULT_PEN: Pen = { fg: 0, bg: 0, style: 0, color: 0, url: 0 }

/** Without what an earlier colour left in bits that this one does not use. */
export const plainColor = (value: number): number => {
  const mode = value & COLOR_MODE
  return mode === COLOR_MODE ? value & COLOR : mode === 0 ? 0 : mode | (value & 0xff)
}

export const penOf = (fg: number, bg: number, extended: ExtendedAttributes | undefined): Pen => ({
  fg,
  bg,
  style: ((extended?._ext ?? 0) >>> 26) & 7,
  color: (extended?._ext ?? 0) & COLOR,
  url: extended?.urlId ?? 0,
})
export const penOfState = ({ fg, bg, extended }: PenState): Pen => penOf(fg, bg, extended)

/** As SGR and OSC 8 leave it. DECRC brings back flags without what they speak of, DECALN draws with such. */
export const isConsistent = ({ fg, bg, style, url }: Pen): boolean =>
  ((fg & UNDERLINE) !== 0) === (style !== 0) && ((bg & EXTENDED) !== 0) === (style !== 0 || url !== 0)

/** Would DECRC bring back, of the flags that SGR cannot set alone, those of `pen`? */
export const hasFlagsOf = ({ savedCurAttrData: saved }: BufferState, pen: Pen): boolean =>
  ((saved.fg ^ pen.fg) & UNDERLINE) === 0

const sameUnderline = (one: Pen, other: Pen): boolean =>
  ((one.fg ^ other.fg) & UNDERLINE) === 0 &&
  ((one.bg ^ other.bg) & EXTENDED) === 0 &&
  one.style === other.style &&
  one.url === other.url

export const samePen = (one: Pen, other: Pen): boolean =>
  sameUnderline(one, other) &&
  ((one.fg ^ other.fg) & ~COLOR) === 0 &&
  ((one.bg ^ other.bg) & ~COLOR) === 0 &&
  plainColor(one.fg) === plainColor(other.fg) &&
  plainColor(one.bg) === plainColor(other.bg) &&
  plainColor(one.color) === plainColor(other.color)

const colorCode = (value: number, base: 30 | 40): string => {
  const index = value & 0xff
  const mode = value & COLOR_MODE
  if (mode === 0) return `${base + 9}`
  if (mode === PALETTE_16) return `${index < 8 ? base + index : base + 52 + index}`
  if (mode === PALETTE_256) return `${base + 8};5;${index}`
  return `${base + 8};2;${(value >>> 16) & 0xff};${(value >>> 8) & 0xff};${index}`
}

const underlineColorCode = (value: number): string =>
  (value & COLOR_MODE) === COLOR_MODE
    ? `58:2::${(value >>> 16) & 0xff}:${(value >>> 8) & 0xff}:${value & 0xff}`
    : `58:5:${value & 0xff}`

const intensity = (from: Pen, to: Pen): string[] => {
  const [bold, dim] = [(to.fg & BOLD) !== 0, (to.bg & DIM) !== 0]
  const off = ((from.fg & BOLD) !== 0 && !bold) || ((from.bg & DIM) !== 0 && !dim)
  const codes = off ? ['22'] : []
  if (bold && (off || (from.fg & BOLD) === 0)) codes.push('1')
  if (dim && (off || (from.bg & DIM) === 0)) codes.push('2')
  return codes
}

/** Codes from one to the other without clearing everything; null when there are none. */
const changes = (from: Pen, to: Pen): string[] | null => {
  const codes = intensity(from, to)
  for (const [flag, on, off] of FG_FLAGS) if ((from.fg ^ to.fg) & flag) codes.push(`${to.fg & flag ? on : off}`)
  for (const [flag, on, off] of BG_FLAGS) if ((from.bg ^ to.bg) & flag) codes.push(`${to.bg & flag ? on : off}`)
  if (from.style !== to.style) codes.push(to.style === 0 ? '24' : to.style === 1 ? '4' : `4:${to.style}`)
  if (plainColor(from.color) !== plainColor(to.color)) {
    if (plainColor(to.color) === 0) return null
    codes.push(underlineColorCode(to.color))
  }
  if (plainColor(from.fg) !== plainColor(to.fg)) codes.push(colorCode(to.fg, 30))
  if (plainColor(from.bg) !== plainColor(to.bg)) codes.push(colorCode(to.bg, 40))
  return codes
}

const sgr = (codes: readonly string[]): string => (codes.length === 0 ? '' : `\x1b[${codes.join(';')}m`)
const protection = (from: Pen, to: Pen): string =>
  (from.bg ^ to.bg) & PROTECTED ? `\x1b[${to.bg & PROTECTED ? 1 : 0}"q` : ''

/** Both pens have the same link. `keep`: style and flags disagree on purpose, and clearing would make them agree. */
const attributes = (from: Pen, to: Pen, keep: boolean): string => {
  const codes = changes(from, to)
  const partly = codes === null ? null : sgr(codes) + protection(from, to)
  if (keep && partly !== null) return partly
  const cleared = { ...DEFAULT_PEN, url: from.url }
  const anew = sgr(['', ...(changes(cleared, to) ?? [])]) + protection(cleared, to)
  return partly !== null && partly.length <= anew.length ? partly : anew
}

/** A pen that knows where it is. */
export class PenMover {
  pen: Pen = DEFAULT_PEN
  /** The alternate screen's saved cursor was used on the way: it has to be set afterwards. */
  scratched = false
  /** How often. */
  forced = 0
  /** It is set for good: pens that need it are only approached. */
  locked = false
  /** Drawing the alternate screen, which cannot be left for a moment. */
  alternate = false
  readonly #core: Core

  constructor(core: Core) {
    this.#core = core
  }

  to(wanted: Pen): string {
    const target = this.#isLost(wanted.url) ? { ...wanted, url: 0 } : wanted
    if (samePen(this.pen, target)) return ''
    if (!isConsistent(target)) {
      if (this.reaches(target)) return this.#move(target, true)
      return this.locked ? this.toExtended(target) : this.#force(target)
    }
    const cleared = isConsistent(this.pen) ? '' : this.#clear()
    return cleared + this.#link(target.url) + this.#move(target, false)
  }

  /** Does SGR lead there? Where flags and what they speak of disagree, only from a pen in which they do so too. */
  reaches(target: Pen): boolean {
    return isConsistent(target) || (sameUnderline(this.pen, target) && changes(this.pen, target) !== null)
  }

  /** To another background, and nothing else: that never takes DECRC, which moves the cursor. */
  toBackground(color: number): string {
    return this.to({ ...this.pen, bg: (this.pen.bg & ~COLOR) | color })
  }

  /** To a cell's attributes: the underline's colour does not matter where it is not kept. */
  toCell(cell: Pen): string {
    const { pen } = this
    if (cell.bg & EXTENDED) return this.to(cell)
    const hidden = (pen.bg & EXTENDED) === 0 && ((pen.fg ^ cell.fg) & UNDERLINE) === 0
    return this.to({ ...cell, style: hidden ? pen.style : 0, url: hidden ? pen.url : 0, color: pen.color })
  }

  /** A pen with these flags, of which only the flags will be kept. */
  toFlags({ fg, bg }: { fg: number; bg: number }): string {
    const linked = (bg & EXTENDED) !== 0 && (fg & UNDERLINE) === 0
    const style = fg & UNDERLINE && bg & EXTENDED ? 1 : 0
    return this.to({ fg, bg, style, color: this.pen.color, url: linked ? this.pen.url || ANY_LINK : 0 })
  }

  /** Style, colour and link, with the flags that belong to them. */
  toExtended({ style, color, url }: Pen): string {
    return this.#clear() + this.to({ fg: style ? UNDERLINE : 0, bg: style || url ? EXTENDED : 0, style, color, url })
  }

  toLink(url: number): string {
    return this.#link(url)
  }

  /** A link was opened otherwise. */
  linked(url: number): void {
    this.pen = { ...this.pen, url, bg: this.pen.bg | EXTENDED }
  }

  /** Style, colour and link of `wanted`, then the `saved` flags by `restore`, a DECRC. */
  bringBack(wanted: Pen, saved: { fg: number; bg: number }, restore: string): string {
    const text = this.toExtended(wanted) + restore
    this.#restored(saved)
    return text + (isConsistent(wanted) ? '' : this.#again(wanted))
  }

  /** Where the flag that counts style and link is behind what they are, saying the link again brings it up. */
  #again({ bg, style, url }: Pen): string {
    const counts = style !== 0 || url !== 0 ? EXTENDED : 0
    if ((bg & EXTENDED) !== counts || (this.pen.bg & EXTENDED) === counts) return ''
    this.pen = { ...this.pen, bg: (this.pen.bg & ~EXTENDED) | counts }
    return this.#linkText(url)
  }

  /** What DECRC does. */
  #restored({ fg, bg }: { fg: number; bg: number }): void {
    this.pen = { ...this.pen, fg, bg }
  }

  #move(target: Pen, keep: boolean): string {
    const text = attributes(this.pen, target, keep)
    this.pen = target
    return text
  }

  #clear(): string {
    const { url } = this.pen
    this.pen = { ...DEFAULT_PEN, bg: url ? EXTENDED : 0, url }
    return '\x1b[m'
  }

  #link(url: number): string {
    const { style } = this.pen
    if (url === this.pen.url) return ''
    this.pen = { ...this.pen, url, bg: (this.pen.bg & ~EXTENDED) | (style || url ? EXTENDED : 0) }
    return this.#linkText(url)
  }

  /** Forgotten, and not to be opened where the alternate screen cannot be left. */
  #isLost(url: number): boolean {
    const known = url <= 0 || url === this.pen.url || this.#core._oscLinkService._dataByLinkId.has(url)
    return this.alternate && !known
  }

  #linkText(url: number): string {
    if (url === 0) return '\x1b]8;;\x1b\\'
    if (url === ANY_LINK) return '\x1b]8;;x\x1b\\'
    const data = this.#core._oscLinkService._dataByLinkId.get(url)?.data
    // xterm.js forgets a link when the line is cleared in which it was opened, though cells may go on having it:
    // opened in the alternate screen, and left, it is forgotten at once.
    if (data === undefined) return '\x1b[?47h\x1b]8;;x\x1b\\\x1b[?47l'
    return `\x1b]8;${data.id === undefined ? '' : `id=${data.id}`};${data.uri}\x1b\\`
  }

  /** Flags by themselves, then what they speak of, then the flags brought back by DECRC. Not at a pending wrap. */
  #force(target: Pen): string {
    const [underlined, extended] = [(target.fg & UNDERLINE) !== 0, (target.bg & EXTENDED) !== 0]
    let text = this.#clear() + this.#link(0)
    const rest = { ...target, fg: target.fg & ~UNDERLINE, bg: target.bg & ~EXTENDED, style: 0, color: 0, url: 0 }
    text += this.#move(rest, false)
    const [save, restore] = this.alternate ? ['\x1b7', '\x1b8'] : ['\x1b[?47h\x1b7\x1b[?47l', '\x1b[?47h\x1b8\x1b[?47l']
    if (underlined) text += extended ? '\x1b[4m' : `\x1b[4m${save}\x1b[24m${restore}\x1b]8;;x\x1b\\\x1b]8;;\x1b\\`
    else if (extended) text += '\x1b]8;;x\x1b\\'
    const flags = { fg: target.fg, bg: target.bg }
    text += save
    this.pen = { ...DEFAULT_PEN, url: extended && !underlined ? ANY_LINK : 0 }
    text += this.toExtended(target) + restore
    this.#restored(flags)
    this.scratched = true
    this.forced++
    return text
  }
}
