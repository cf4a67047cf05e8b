/** Writes the state of a terminal as the bytes that bring a freshly reset one into it. */
import { background, cellPen, hasText, isErased, isSecondHalf, textOf, widthOf } from './cells.ts'
import { finalOf, printedAs } from './charsets.ts'
import type { BufferState, Charset, Core, Line } from './internals.ts'
import { modes, titles } from './modes.ts'
import { Painter } from './painter.ts'
import { DEFAULT_PEN, isConsistent, type Pen, penOfState } from './pen.ts'

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
    if (active) return
    this.#linkKept(normal)
    this.#place(normal, normal.x, normal.y)
  }

  #alternate(alt: BufferState, active: boolean): void {
    const paint = this.#paint
    const { rows, cols } = this.#core
    const extra = this.#extras.screen('alternate')
    const { savedX, savedY, savedCharset, savedCurAttrData: pen } = alt
    const saves =
      savedX !== 0 || savedY !== 0 || savedCharset !== undefined || pen.fg !== 0 || pen.bg !== 0 || paint.pen.scratched
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
    if (active) this.#margins(alt)
    else paint.put(LEAVE_ALTERNATE)
    paint.pen.alternate = active
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
    const beyond = columns.filter((column) => column === cols || column === cols + 1)
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
    // Up to one more column is reached behind the last one; what lies further out shows only when the screen has grown.
    paint.goTo(cols - 1, 0)
    paint.put('x')
    if (beyond.includes(cols)) paint.put('\x1bH')
    if (beyond.includes(cols + 1)) paint.put(`${ALONE}\x1bH`)
    paint.put('\r\x1b[K')
  }

  #margins({ scrollTop, scrollBottom }: BufferState): void {
    const { rows } = this.#core
    if (scrollTop !== 0 || scrollBottom !== rows - 1) this.#paint.put(`\x1b[${scrollTop + 1};${scrollBottom + 1}r`)
  }

  /** DECSC at the cursor. */
  #saveHere({ savedX, savedCurAttrData, savedCharset }: BufferState): void {
    const { cols } = this.#core
    this.#paint.put(this.#paint.pen.to(this.#flags(savedCurAttrData)))
    if (savedX < cols) this.#paint.column(savedX)
    else this.#paint.beyond(savedX > cols ? ALONE : '')
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
    if (this.#paint.pen.alternate) this.#paint.pen.scratched = false
  }

  #save(state: BufferState, y: number): void {
    const { savedX, savedY, savedCurAttrData, savedCharset } = state
    const { pen } = this.#paint
    const untouched = savedX === 0 && savedY === 0 && savedCharset === undefined
    if (untouched && savedCurAttrData.fg === 0 && savedCurAttrData.bg === 0 && !(pen.scratched && pen.alternate)) return
    this.#place(state, savedX, y)
    const forced = pen.forced
    const text = pen.to(this.#flags(savedCurAttrData))
    // It brought the cursor back from behind the last column.
    if (pen.forced > forced && savedX >= this.#core.cols) this.#paint.goTo(this.#core.cols - 1, y)
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
  #place(state: BufferState, x: number, y: number, top = 0): void {
    const { cols, buffers } = this.#core
    const paint = this.#paint
    if (x < cols) {
      paint.goTo(x, y - top)
      return
    }
    const line = state.lines.get(state.ybase + y)
    const last = line && isSecondHalf(line, cols - 1) ? cols - 2 : cols - 1
    if (line && hasText(line, last) && last + widthOf(line, last) <= cols) paint.reprint(line, last, y - top)
    else if (state === buffers.normal) {
      this.#placeAcross(x, y)
      return
    } else if (line && isUniform(line, cols)) {
      // Erasing to the left reaches the whole row, and leaves the cursor.
      paint.goTo(cols - 1, y - top)
      paint.put(`x${paint.pen.to({ ...paint.pen.pen, ...erasedPen(line) })}\x1b[1K`)
    } else {
      paint.goTo(cols - 1, y - top)
      return
    }
    if (x > cols) paint.put(ALONE)
  }

  /** The cursor goes with a change of screens, wherever it is. */
  #placeAcross(x: number, y: number): void {
    const { cols } = this.#core
    this.#paint.put(`${ENTER_ALTERNATE}\x1b[${y + 1};${Math.min(x, cols - 1) + 1}H`)
    if (x >= cols) this.#paint.put(x > cols ? `x${ALONE}` : 'x')
    this.#paint.put(LEAVE_ALTERNATE)
  }

  #finish(active: BufferState): void {
    const { coreService, _inputHandler: handler, _charsetService: charsets } = this.#core
    const paint = this.#paint
    const { insertMode } = coreService.modes
    const { wraparound, origin } = coreService.decPrivateModes
    const { x, y } = active
    const pen = penOfState(handler._curAttrData)
    paint.pen.locked = true
    paint.put(modes(this.#core))
    const misdesignated = charsets.charset !== charsets._charsets[charsets.glevel]
    const late = `${insertMode ? '\x1b[4h' : ''}${wraparound ? '' : '\x1b[?7l'}`
    if (misdesignated || !isConsistent(pen)) this.#bringBack(active, pen, misdesignated)
    else this.#penLink(active, pen)
    const last = this.#lastPrinted(active, charsets.charset)
    // A cell that is printed only to get the cursor behind it is to be taken as it is.
    const helped = last === null && x >= this.#core.cols
    const designations = misdesignated ? '' : this.#designations()
    if (!helped) paint.put(designations)
    if (origin) paint.put('\x1b[?6h')
    if (last !== null) {
      paint.put(late)
      this.#cursor(active, last.column, y)
      paint.put(`${paint.pen.to(pen)}${insertMode ? `\x1b[${last.width}P` : ''}${last.text}`)
      return
    }
    this.#cursor(active, x, y)
    // NUL: nor is it to be repeated or combined with.
    paint.put(`${helped ? designations : ''}${paint.pen.to(pen)}${late}${helped ? '\0' : ''}`)
  }

  /** Flags and charset that only DECRC brings, from the slot that has them: each saved what was current. */
  #bringBack(active: BufferState, pen: Pen, charset: boolean): void {
    const { buffers, _charsetService: charsets } = this.#core
    const paint = this.#paint
    const fits = ({ savedCharset, savedCurAttrData: saved }: BufferState): boolean =>
      (!charset || savedCharset === charsets.charset) && (isConsistent(pen) || ((saved.fg ^ pen.fg) & UNDERLINE) === 0)
    const across = !fits(active) && active === buffers.normal && fits(buffers.alt)
    const { savedCurAttrData } = across ? buffers.alt : active
    if (charset) paint.put(this.#designations())
    paint.put(paint.pen.toExtended(pen))
    paint.put(across ? `${ENTER_ALTERNATE}\x1b8${LEAVE_ALTERNATE}` : '\x1b8')
    paint.pen.restored(savedCurAttrData)
    if (!isConsistent(pen)) paint.put(paint.pen.again(pen))
  }

  /** The same with origin mode on, where rows count from the margin. */
  #cursor(state: BufferState, x: number, y: number): void {
    const { origin } = this.#core.coreService.decPrivateModes
    const { scrollTop, scrollBottom } = state
    if (origin && (y < scrollTop || y > scrollBottom)) this.#placeAcross(x, y)
    else this.#place(state, x, y, origin ? scrollTop : 0)
  }

  /** xterm.js forgets a link with the lines it was opened and printed in, so it is opened and printed where it was. */
  #penLink({ ybase, markers, lines }: BufferState, { url }: Pen): void {
    const { _oscLinkService: links, cols, buffers } = this.#core
    if (url === 0 || this.#paint.pen.pen.url === url) return
    const link = links._dataByLinkId.get(url)
    if (link === undefined) {
      if (this.#paint.pen.alternate) this.#forgottenLink(buffers.alt, url)
      return
    }
    const rows = link.lines.filter((marker) => marker.line >= ybase && markers.includes(marker)).map(({ line }) => line)
    for (const row of rows) {
      const line = lines.get(row)
      const column = line === undefined ? -1 : linkedColumn(line, cols, url)
      this.#paint.goTo(0, row - ybase)
      this.#paint.put(this.#paint.pen.toLink(url))
      if (line !== undefined && column >= 0) this.#paint.reprint(line, column, row - ybase)
    }
  }

  /** A link that was opened in this screen and is open in the other: said here as well, it is not forgotten with the other. */
  #linkKept({ markers }: BufferState): void {
    const { _oscLinkService: links, _inputHandler: handler } = this.#core
    const { urlId } = handler._curAttrData.extended
    const link = links._dataByLinkId.get(urlId)
    if (link?.data.id !== undefined && link.lines.some((marker) => markers.includes(marker))) {
      this.#paint.put(this.#paint.pen.toLink(urlId))
    }
  }

  /** Deleting a line forgets the links opened in it; a blank one is as good when it has been inserted again. */
  #forgottenLink({ lines, scrollTop, scrollBottom }: BufferState, url: number): void {
    for (let row = scrollTop; row <= scrollBottom; row++) {
      const line = lines.get(row)
      if (line === undefined || line.isWrapped || !isUniform(line, this.#core.cols)) continue
      const paint = this.#paint
      paint.goTo(0, row)
      paint.put(paint.pen.to({ ...DEFAULT_PEN, bg: background(line, 0), url: paint.pen.pen.url }))
      paint.put(`\x1b]8;;x\x1b\\\x1b[M\x1b[L`)
      paint.pen.linked(url)
      return
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
    if (!skipped) return null
    // Printed beside the first half of another it would overwrite that: it has to come right behind the whole of it.
    const wide = x > 0 && widthOf(line, x - 1) === 2
    return wide ? { column: x - 1, width: 2, text: `${textOf(line, x - 1)}一` } : { column: x, width: 0, text: '一' }
  }
}

/** A cell that can be printed again, whatever is beside it; -1 for none. */
const linkedColumn = (line: Line, cols: number, url: number): number =>
  Array.from({ length: cols }, (_, i) => i).findIndex(
    (i) =>
      hasText(line, i) &&
      widthOf(line, i) > 0 &&
      i + widthOf(line, i) <= cols &&
      cellPen(line, i).url === url &&
      isConsistent(cellPen(line, i)),
  )

const isUniform = (line: Line, cols: number): boolean =>
  Array.from({ length: cols }, (_, i) => i).every(
    (i) => isErased(line, i) && background(line, i) === background(line, 0),
  )
const erasedPen = (line: Line): { bg: number } => ({ bg: line._data[2] ?? 0 })

const samePenAs = (line: Line, column: number, pen: { fg: number; bg: number }): boolean => {
  const cell = cellPen(line, column)
  return cell.fg >>> 0 === pen.fg >>> 0 && cell.bg >>> 0 === pen.bg >>> 0
}
