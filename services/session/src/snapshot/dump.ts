/** Writes the state of a terminal as the bytes that bring a freshly reset one into it. */
import { ALONE, Cursor, ENTER_ALTERNATE, LEAVE_ALTERNATE } from './cursor.ts'
import { Finish } from './finish.ts'
import type { BufferState, Core, Line } from './internals.ts'
import { OpenLink } from './links.ts'
import { titles } from './modes.ts'
import { Painter } from './painter.ts'
import { DEFAULT_PEN, hasFlagsOf, isConsistent, penOfState } from './pen.ts'

/** State that xterm.js does not keep: each returns sequences. */
export interface Extras {
  /** Colours and the like, in no screen. */
  global(): string
  /** What each of the screens has its own of. */
  screen(name: 'normal' | 'alternate'): string
}

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
  readonly #cursor: Cursor
  readonly #link: OpenLink
  /** The oldest line that is drawn; lines of the screen before it stay blank. */
  readonly #first: number
  /** Lines left out above. */
  readonly #dropped: number
  /** The pen is what it will be, and the alternate screen's cursor is saved. */
  #broughtAcross = false

  constructor(core: Core, extras: Extras, first: number) {
    this.#core = core
    this.#extras = extras
    this.#first = first
    this.#dropped = Math.min(first, core.buffers.normal.ybase)
    this.#paint = new Painter(core)
    this.#cursor = new Cursor(core, this.#paint)
    this.#link = new OpenLink(core, this.#paint)
  }

  /** The sequences, and how many bytes each line took. */
  write(): { text: string; lineBytes: number[] } {
    const { normal, alt, active } = this.#core.buffers
    this.#paint.put(titles(this.#core) + this.#extras.global())
    this.#normal(normal, active === normal)
    const lineBytes = this.#paint.lineBytes()
    this.#alternate(alt, active === alt)
    if (active === alt) lineBytes.push(...this.#paint.lineBytes())
    new Finish(this.#core, this.#paint, this.#cursor, this.#link).write(active)
    return { text: this.#paint.text, lineBytes }
  }

  #normal(normal: BufferState, active: boolean): void {
    const paint = this.#paint
    const { rows, cols } = this.#core
    const saved = Math.max(0, normal.savedY - this.#dropped)
    const above = normal.ybase - this.#dropped
    this.#tabStops(normal)
    if (saved > above + rows - 1) this.#cursor.saveBelow(normal, saved)
    const lines = linesOf(normal, this.#dropped, this.#first, cols)
    if (lines[0]?.isWrapped) this.#continuation()
    paint.home()
    const early = saved < above
    paint.lines(lines, early ? { index: saved, act: () => this.#cursor.saveHere(normal) } : undefined)
    if (!early && saved - above < rows) this.#cursor.save(normal, saved - above)
    paint.put(this.#extras.screen('normal'))
    this.#margins(normal)
    if (active) return
    this.#link.keep(normal)
    this.#bringAcross(normal)
    this.#cursor.place(normal, normal.x, normal.y)
  }

  /** Flags that only the normal screen's saved cursor has: whatever was drawn on the alternate one since has them too. */
  #bringAcross({ savedCurAttrData: saved }: BufferState): void {
    const { buffers, _inputHandler: handler } = this.#core
    const pen = penOfState(handler._curAttrData)
    if (isConsistent(pen) || hasFlagsOf(buffers.alt, pen) || !hasFlagsOf(buffers.normal, pen)) return
    const paint = this.#paint
    // Saving the other screen's cursor changes the pen, so that comes first.
    paint.put(ENTER_ALTERNATE)
    paint.pen.alternate = true
    this.#cursor.save(buffers.alt, buffers.alt.savedY)
    paint.pen.alternate = false
    paint.put(LEAVE_ALTERNATE + paint.pen.bringBack(pen, saved, '\x1b8'))
    this.#broughtAcross = true
  }

  #alternate(alt: BufferState, active: boolean): void {
    const paint = this.#paint
    const { cols } = this.#core
    const extra = this.#extras.screen('alternate')
    const { savedX, savedY, savedCharset, savedCurAttrData: pen } = alt
    const saves =
      savedX !== 0 || savedY !== 0 || savedCharset !== undefined || pen.fg !== 0 || pen.bg !== 0 || paint.pen.scratched
    if (!active && !saves && extra === '') return
    paint.put(`${paint.pen.toBackground(0)}${ENTER_ALTERNATE}`)
    paint.pen.alternate = true
    if (active) {
      this.#tabStops(alt)
      const lines = linesOf(alt, 0, this.#first - this.#core.buffers.normal.lines.length, cols)
      if (lines[0]?.isWrapped) this.#continuation()
      paint.goTo(0, 0)
      paint.lines(lines)
    }
    if (!this.#broughtAcross || paint.pen.scratched) this.#cursor.save(alt, savedY)
    paint.put(extra)
    if (active) this.#margins(alt)
    else paint.put(LEAVE_ALTERNATE)
    paint.pen.alternate = active
  }

  /** Makes the screen's first line one that continues another, which is gone. */
  #continuation(): void {
    const { rows, cols } = this.#core
    const alternate = this.#paint.pen.alternate
    this.#paint.put(this.#paint.pen.to(DEFAULT_PEN))
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
    // The cursor gets up to one more column behind the last one.
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
}
