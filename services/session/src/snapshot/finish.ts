/** The end of a dump: modes, charsets, the pen, and last of all the cursor and the character before it. */
import { cellPen, hasText, textOf, widthOf } from './cells.ts'
import { finalOf, printedAs } from './charsets.ts'
import { type Cursor, ENTER_ALTERNATE, LEAVE_ALTERNATE } from './cursor.ts'
import type { BufferState, Charset, Core, Line } from './internals.ts'
import type { OpenLink } from './links.ts'
import { modes } from './modes.ts'
import type { Painter } from './painter.ts'
import { hasFlagsOf, isConsistent, type Pen, penOfState } from './pen.ts'

const DESIGNATE = ['(', ')', '*', '+'] as const
const INVOKE = ['\x0f', '\x0e', '\x1bn', '\x1bo'] as const

const samePenAs = (line: Line, column: number, pen: { fg: number; bg: number }): boolean => {
  const cell = cellPen(line, column)
  return cell.fg >>> 0 === pen.fg >>> 0 && cell.bg >>> 0 === pen.bg >>> 0
}

export class Finish {
  readonly #core: Core
  readonly #paint: Painter
  readonly #cursor: Cursor
  readonly #link: OpenLink

  constructor(core: Core, paint: Painter, cursor: Cursor, link: OpenLink) {
    this.#core = core
    this.#paint = paint
    this.#cursor = cursor
    this.#link = link
  }

  write(active: BufferState): void {
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
    this.#link.open(active, pen)
    if (misdesignated || !paint.pen.reaches(pen)) this.#bringBack(active, pen, misdesignated)
    const last = this.#lastPrinted(active, charsets.charset)
    // A cell that is printed only to get the cursor behind it is to be taken as it is.
    const helped = last === null && x >= this.#core.cols
    const designations = misdesignated ? '' : this.#designations()
    if (!helped) paint.put(designations)
    if (origin) paint.put('\x1b[?6h')
    if (last !== null) {
      paint.put(late)
      this.#cursor.at(active, last.column, y)
      paint.put(`${paint.pen.to(pen)}${insertMode ? `\x1b[${last.width}P` : ''}${last.text}`)
      return
    }
    this.#cursor.at(active, x, y)
    // NUL: nor is it to be repeated or combined with.
    paint.put(`${helped ? designations : ''}${paint.pen.to(pen)}${late}${helped ? '\0' : ''}`)
  }

  /** Flags and charset that only DECRC brings, from the slot that has them: each saved what was current. */
  #bringBack(active: BufferState, pen: Pen, charset: boolean): void {
    const { buffers, _charsetService: charsets } = this.#core
    const paint = this.#paint
    const fits = (state: BufferState): boolean =>
      (!charset || state.savedCharset === charsets.charset) && (isConsistent(pen) || hasFlagsOf(state, pen))
    const across = !fits(active) && active === buffers.normal && fits(buffers.alt)
    const { savedCurAttrData } = across ? buffers.alt : active
    if (charset) paint.put(this.#designations())
    const restore = across ? `${ENTER_ALTERNATE}\x1b8${LEAVE_ALTERNATE}` : '\x1b8'
    paint.put(paint.pen.bringBack(pen, savedCurAttrData, restore))
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
    if (there && samePenAs(line, column, handler._curAttrData)) {
      const text = printedAs(textOf(line, column), charset)
      if (text !== null) return { column, width, text }
    }
    // A wide character without room, while there is no wrapping, prints nothing.
    const skipped = width === 2 && x === cols - 1 && !coreService.decPrivateModes.wraparound
    if (!skipped) return null
    // Printed beside the first half of another it would overwrite that: it has to come right behind the whole of it.
    const wide = x > 0 && widthOf(line, x - 1) === 2
    return wide ? { column: x - 1, width: 2, text: `${textOf(line, x - 1)}一` } : { column: x, width: 0, text: '一' }
  }
}
