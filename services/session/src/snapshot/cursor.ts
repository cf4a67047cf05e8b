/** Puts the cursor anywhere it can be, also behind the last column, and saves it as it was saved. */
import { background, hasText, isSecondHalf, isUniform, widthOf } from './cells.ts'
import { finalOf } from './charsets.ts'
import type { BufferState, Charset, Core } from './internals.ts'
import type { Painter } from './painter.ts'
import { DEFAULT_PEN, isConsistent } from './pen.ts'

export const ENTER_ALTERNATE = '\x1b[?47h'
export const LEAVE_ALTERNATE = '\x1b[?47l'
/** Takes no column, and none to combine with. */
export const ALONE = '\0\u0301'

export class Cursor {
  readonly #core: Core
  readonly #paint: Painter

  constructor(core: Core, paint: Painter) {
    this.#core = core
    this.#paint = paint
  }

  /** DECSC at the cursor. */
  saveHere({ savedX, savedCurAttrData, savedCharset }: BufferState): void {
    const { cols } = this.#core
    this.#paint.put(this.#paint.pen.toFlags(savedCurAttrData))
    if (savedX < cols) this.#paint.column(savedX)
    else this.#paint.beyond(savedX > cols ? ALONE : '')
    this.#saveWith(savedCharset)
  }

  #saveWith(charset: Charset): void {
    const final = finalOf(charset)
    this.#paint.put(final === 'B' ? '\x1b7' : `\x1b(${final}\x1b7\x1b(B`)
    if (this.#paint.pen.alternate) this.#paint.pen.scratched = false
  }

  save(state: BufferState, y: number): void {
    const { savedX, savedY, savedCurAttrData, savedCharset } = state
    const { pen } = this.#paint
    const untouched = savedX === 0 && savedY === 0 && savedCharset === undefined
    if (untouched && savedCurAttrData.fg === 0 && savedCurAttrData.bg === 0 && !(pen.scratched && pen.alternate)) return
    this.place(state, savedX, y)
    const forced = pen.forced
    const text = pen.toFlags(savedCurAttrData)
    // It brought the cursor back from behind the last column.
    if (pen.forced > forced && savedX >= this.#core.cols) this.#paint.goTo(this.#core.cols - 1, y)
    this.#paint.put(text)
    this.#saveWith(savedCharset)
  }

  /** Lines were cleared above since: only from below the screen can it have been saved where it is. */
  saveBelow(state: BufferState, y: number): void {
    const { rows } = this.#core
    this.#paint.goTo(0, rows - 1)
    this.#paint.put('\n'.repeat(y - rows + 1))
    this.saveHere(state)
    this.#paint.put(`\x1b[3J${this.#paint.pen.to(DEFAULT_PEN)}`)
  }

  /** Cursor to `x`, which may be behind the last column: then the cell there is printed once more. */
  place(state: BufferState, x: number, y: number, top = 0): void {
    const { cols, buffers } = this.#core
    const paint = this.#paint
    if (x < cols) {
      paint.goTo(x, y - top)
      return
    }
    const line = state.lines.get(state.ybase + y)
    const last = line && isSecondHalf(line, cols - 1) ? cols - 2 : cols - 1
    const printable = line !== undefined && hasText(line, last) && last + widthOf(line, last) <= cols
    // Printing takes the cell's pen, from which there is no way back to flags that DECRC brought.
    const reprints = printable && (isConsistent(paint.pen.pen) || state !== buffers.normal)
    if (reprints) paint.reprint(line, last, y - top)
    else if (state === buffers.normal) {
      this.#placeAcross(x, y)
      return
    } else if (line && isUniform(line, cols)) {
      // Erasing to the left reaches the whole row, and leaves the cursor.
      paint.goTo(cols - 1, y - top)
      paint.put(`x${paint.pen.toBackground(background(line, 0))}\x1b[1K`)
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

  /** The same with origin mode on, where rows count from the margin. */
  at(state: BufferState, x: number, y: number): void {
    const { origin } = this.#core.coreService.decPrivateModes
    const { scrollTop, scrollBottom } = state
    if (origin && (y < scrollTop || y > scrollBottom)) this.#placeAcross(x, y)
    else this.place(state, x, y, origin ? scrollTop : 0)
  }
}
