/** Writes the state of a terminal as the bytes that bring a freshly reset one into it. */
import { cellPen, hasText, isSecondHalf, textOf, widthOf } from './cells.ts'
import { finalOf, printedAs } from './charsets.ts'
import type { BufferState, Charset, Core, Line } from './internals.ts'
import { modes, titles } from './modes.ts'
import { Painter } from './painter.ts'
import { type Pen, penOfState } from './pen.ts'

/** State that xterm.js does not keep: each returns sequences. */
export interface Extras {
  /** Colours and the like, in no screen. */
  global(): string
  /** What each of the screens has its own of. */
  screen(name: 'normal' | 'alternate'): string
}

const ENTER_ALTERNATE = '\x1b[?47h'
const LEAVE_ALTERNATE = '\x1b[?47l'
const UNDERLINE = 0x10000000
/** Takes no column, and none to combine with. */
const ALONE = '\0\u0301'
const DESIGNATE = ['(', ')', '*', '+'] as const
const INVOKE = ['\x0f', '\x0e', '\x1bn', '\x1bo'] as const

const blank = (cols: number): Line => ({
  isWrapped: false,
  length: cols,
  _data: new Uint32Array(cols * 3).map((_, i) => (i % 3 === 0 ? 1 << 22 : 0)),
  _combined: {},
  _extendedAttrs: {},
})

const linesOf = (state: BufferState, from: number, first: number, cols: number): Line[] => {
  const none = blank(cols)
  return Array.from({ length: Math.max(0, state.lines.length - from) }, (_, i) =>
    from + i < first ? none : (state.lines.get(from + i) ?? none),
  )
}

export class Dump {
  readonly #core: Core
  readonly #extras: Extras
  readonly #paint: Painter
  /** The oldest line that is drawn; lines of the screen before it stay blank. */
  readonly #first: number
  /** Lines left out above. */
  readonly #dropped: number

  constructor(core: Core, extras: Extras, first: number) {
    this.#core = core
    this.#extras = extras
    this.#first = first
    this.#dropped = Math.min(first, core.buffers.normal.ybase)
    this.#paint = new Painter(core)
  }

  /** The sequences, and how many bytes each line took. */
  write(): { text: string; lineBytes: number[] } {
    const { normal, alt, active } = this.#core.buffers
    this.#paint.put(titles(this.#core) + this.#extras.global())
    this.#normal(normal, active === normal)
    const lineBytes = this.#paint.lineBytes()
    this.#alternate(alt, active === alt)
    if (active === alt) lineBytes.push(...this.#paint.lineBytes())
    this.#finish(active)
    return { text: this.#paint.text, lineBytes }
  }

  #normal(normal: BufferState, active: boolean): void {
    const paint = this.#paint
    const { rows, cols } = this.#core
    const saved = Math.max(0, normal.savedY - this.#dropped)
    const above = normal.ybase - this.#dropped
    this.#tabStops(normal)
    if (saved > above + rows - 1) this.#saveBelow(normal, saved)
    const lines = linesOf(normal, this.#dropped, this.#first, cols)
    if (lines[0]?.isWrapped) this.#continuation()
    paint.goTo(0, 0)
    const early = saved < above
    paint.lines(lines, early ? { index: saved, act: () => this.#saveHere(normal) } : undefined)
    if (!early && saved - above < rows) this.#save(normal, saved - above)
    paint.put(this.#extras.screen('normal'))
    this.#margins(normal)
    if (!active) this.#place(normal, normal.x, normal.y)
  }

  #alternate(alt: BufferState, active: boolean): void {
    const paint = this.#paint
    const { rows, cols } = this.#core
    const extra = this.#extras.screen('alternate')
    const { savedX, savedY, savedCharset, savedCurAttrData: pen } = alt
    const saves = savedX !== 0 || savedY !== 0 || savedCharset !== undefined || pen.fg !== 0 || pen.bg !== 0
    if (!active && !saves && extra === '') return
    paint.put(`${paint.pen.to({ ...paint.pen.pen, bg: paint.pen.pen.bg & 0xfc000000 })}${ENTER_ALTERNATE}`)
    paint.pen.alternate = true
    if (active) {
      this.#tabStops(alt)
      const lines = linesOf(alt, 0, this.#first - this.#core.buffers.normal.lines.length, cols).slice(0, rows)
      if (lines[0]?.isWrapped) this.#continuation()
      paint.goTo(0, 0)
      paint.lines(lines)
    }
    this.#save(alt, Math.min(savedY, rows - 1))
    paint.put(extra)
    if (active) return this.#margins(alt)
    paint.put(LEAVE_ALTERNATE)
    paint.pen.alternate = false
  }

  /** Makes the screen's first line one that continues another, which is gone. */
  #continuation(): void {
    const { rows, cols } = this.#core
    const alternate = this.#paint.pen.alternate
    this.#paint.put(this.#paint.pen.to({ fg: 0, bg: 0, style: 0, color: 0, url: 0 }))
    this.#paint.goTo(cols - 1, alternate ? 0 : rows - 1)
    this.#paint.put('xx')
    if (alternate) this.#paint.put(rows > 1 ? '\x1b[S' : '')
    else this.#paint.put(`${'\n'.repeat(rows - 1)}\x1b[3J`)
    this.#paint.goTo(0, 0)
    this.#paint.put(`\x1b[${cols}X`)
  }

  #tabStops({ tabs }: BufferState): void {
    const { cols } = this.#core
    const columns = Object.keys(tabs)
      .map(Number)
      .filter((column) => tabs[column])
    const usual = columns.filter((column) => column < cols)
    const same = usual.length === Math.ceil(cols / 8) && usual.every((column) => column % 8 === 0)
    const beyond = columns.filter((column) => column >= cols)
    if (same && beyond.length === 0) return
    const paint = this.#paint
    if (!same) {
      paint.put('\x1b[3g')
      for (const column of usual) {
        paint.goTo(column, 0)
        paint.put('\x1bH')
      }
    }
    if (beyond.length === 0) return
    // Characters without a width go on behind the last column; what was there before the screen shrank is set again.
    paint.goTo(cols - 1, 0)
    paint.put('x')
    let x = cols
    for (const column of beyond.sort((one, other) => one - other)) {
      paint.put(`${x < column ? ALONE.repeat(column - x) : ''}\x1bH`)
      x = column
    }
    paint.put('\r\x1b[K')
  }

  #margins({ scrollTop, scrollBottom }: BufferState): void {
    const { rows } = this.#core
    if (scrollTop !== 0 || scrollBottom !== rows - 1) this.#paint.put(`\x1b[${scrollTop + 1};${scrollBottom + 1}r`)
  }

  /** DECSC at the cursor. */
  #saveHere({ savedX, savedCurAttrData, savedCharset }: BufferState): void {
    this.#paint.column(Math.min(savedX, this.#core.cols - 1))
    this.#paint.put(this.#paint.pen.to(this.#flags(savedCurAttrData)))
    this.#saveWith(savedCharset)
  }

  /** A pen with these flags, of which only the flags will be kept. */
  #flags({ fg, bg }: { fg: number; bg: number }): Pen {
    const style = fg & UNDERLINE ? 1 : 0
    return { fg, bg, style: bg & UNDERLINE ? style : 0, color: this.#paint.pen.pen.color, url: 0 }
  }

  #saveWith(charset: Charset): void {
    const final = finalOf(charset)
    this.#paint.put(final === 'B' ? '\x1b7' : `\x1b(${final}\x1b7\x1b(B`)
    this.#paint.pen.scratched = false
  }

  #save(state: BufferState, y: number): void {
    const { savedX, savedY, savedCurAttrData, savedCharset } = state
    const { pen } = this.#paint
    const untouched = savedX === 0 && savedY === 0 && savedCharset === undefined
    if (untouched && savedCurAttrData.fg === 0 && savedCurAttrData.bg === 0 && !pen.scratched) return
    this.#place(state, savedX, y)
    const [x, text] = [savedX, pen.to(this.#flags(savedCurAttrData))]
    if (pen.scratched && x >= this.#core.cols) this.#paint.goTo(this.#core.cols - 1, y)
    this.#paint.put(text)
    this.#saveWith(savedCharset)
  }

  /** Lines were cleared above since: only from below the screen can it have been saved where it is. */
  #saveBelow(state: BufferState, y: number): void {
    const { rows } = this.#core
    this.#paint.goTo(0, rows - 1)
    this.#paint.put('\n'.repeat(y - rows + 1))
    this.#saveHere(state)
    this.#paint.put(`\x1b[3J${this.#paint.pen.to({ fg: 0, bg: 0, style: 0, color: 0, url: 0 })}`)
  }

  /** Cursor to `x`, which may be behind the last column: then the cell there is printed once more. */
  #place(state: BufferState, x: number, y: number): void {
    const { cols, buffers } = this.#core
    const paint = this.#paint
    if (x < cols) return paint.goTo(x, y)
    const line = state.lines.get(state.ybase + y)
    const last = line && isSecondHalf(line, cols - 1) ? cols - 2 : cols - 1
    if (line && hasText(line, last) && last + widthOf(line, last) <= cols) paint.reprint(line, last, y)
    else if (state === buffers.normal) return this.#placeAcross(x, y)
    else return paint.goTo(cols - 1, y)
    paint.put(ALONE.repeat(x - cols))
  }

  /** The cursor goes with a change of screens, wherever it is. */
  #placeAcross(x: number, y: number): void {
    const { cols } = this.#core
    this.#paint.put(`${ENTER_ALTERNATE}\x1b[${y + 1};${Math.min(x, cols - 1) + 1}H`)
    if (x >= cols) this.#paint.put(`x${ALONE.repeat(x - cols)}`)
    this.#paint.put(LEAVE_ALTERNATE)
  }

  #finish(active: BufferState): void {
    const { coreService, _inputHandler: handler, _charsetService: charsets } = this.#core
    const paint = this.#paint
    const { insertMode } = coreService.modes
    const { wraparound, origin } = coreService.decPrivateModes
    const { savedCharset, savedCurAttrData, x, y } = active
    const pen = penOfState(handler._curAttrData)
    paint.put(modes(this.#core))
    const back = charsets.charset !== charsets._charsets[charsets.glevel] || needsBack(pen)
    const late = `${insertMode ? '\x1b[4h' : ''}${wraparound ? '' : '\x1b[?7l'}`
    if (back) {
      paint.put(this.#designations() + paint.pen.toExtended(pen))
      paint.put('\x1b8')
      paint.pen.restored(savedCurAttrData)
    }
    const last = this.#lastPrinted(active, back ? savedCharset : charsets.charset)
    if (!back && (last !== null || x < this.#core.cols)) paint.put(this.#designations())
    if (origin) paint.put('\x1b[?6h')
    if (last !== null) {
      paint.put(late)
      this.#cursor(active, last.column, y)
      paint.put(`${paint.pen.to(pen)}${insertMode ? `\x1b[${last.width}P` : ''}${last.text}`)
      return
    }
    this.#cursor(active, x, y)
    if (!back && x >= this.#core.cols) paint.put(this.#designations())
    paint.put(paint.pen.to(pen) + late)
  }

  /** The same with origin mode on, where rows count from the margin. */
  #cursor(state: BufferState, x: number, y: number): void {
    const { origin } = this.#core.coreService.decPrivateModes
    const { scrollTop, scrollBottom } = state
    if (!origin) this.#place(state, x, y)
    else if (y >= scrollTop && y <= scrollBottom) this.#placeRelative(state, x, y)
    else this.#placeAcross(x, y)
  }

  #placeRelative(state: BufferState, x: number, y: number): void {
    const { cols, buffers } = this.#core
    if (x < cols) this.#paint.goTo(x, y - state.scrollTop)
    else if (state === buffers.normal) this.#placeAcross(x, y)
    else {
      const line = state.lines.get(y)
      const last = line && isSecondHalf(line, cols - 1) ? cols - 2 : cols - 1
      if (line && hasText(line, last)) this.#paint.reprint(line, last, y - state.scrollTop)
      else this.#paint.goTo(cols - 1, y - state.scrollTop)
    }
  }

  #designations(): string {
    const { _charsets, glevel } = this.#core._charsetService
    const sets = DESIGNATE.map((sign, g) => (_charsets[g] === undefined ? '' : `\x1b${sign}${finalOf(_charsets[g])}`))
    return sets.join('') + (glevel === 0 ? '' : INVOKE[glevel])
  }

  /** The character printed last, when nothing came since: what REP repeats and combining characters join. */
  #lastPrinted(
    { x, y, ybase, lines }: BufferState,
    charset: Charset,
  ): { column: number; width: number; text: string } | null {
    const { cols, coreService, _inputHandler: handler } = this.#core
    const joinState = handler._parser.precedingJoinState
    const width = (joinState >> 1) & 3
    const line = lines.get(ybase + y)
    if (joinState === 0 || line === undefined) return null
    const column = x - width
    const there = column >= 0 && column + width <= cols && hasText(line, column) && widthOf(line, column) === width
    if (there) {
      const text = printedAs(textOf(line, column), charset)
      return text === null || !samePenAs(line, column, handler._curAttrData) ? null : { column, width, text }
    }
    // A wide character without room, while there is no wrapping, prints nothing.
    const skipped = width === 2 && x === cols - 1 && !coreService.decPrivateModes.wraparound
    return skipped ? { column: x, width: 0, text: '一' } : null
  }
}

const samePenAs = (line: Line, column: number, pen: { fg: number; bg: number }): boolean => {
  const cell = cellPen(line, column)
  return cell.fg === pen.fg && cell.bg === pen.bg
}

/** Its flags do not come from what they speak of: DECRC brought them. */
const needsBack = ({ fg, bg, style, url }: Pen): boolean =>
  ((fg & UNDERLINE) !== 0) !== (style !== 0) || ((bg & UNDERLINE) !== 0) !== (style !== 0 || url !== 0)
