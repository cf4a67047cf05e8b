/** What the local terminal shows without what was guessed: a terminal of our own that is fed the same bytes. */
import type { Sight } from '@holdfast/client'
import { limitRepeats, wholeCharacters } from '@holdfast/protocol'
import type { IBufferCell, Terminal } from '@xterm/headless'
import type { Size } from '../local-terminal.ts'
import { coreOf, type Pen } from './internals.ts'

/** Source: xterm.js' EscapeSequenceParser. */
const GROUND = 0

/** What has to be brought back after something was drawn at the cursor. */
export interface Place {
  pen: Pen
  /** The character before the cursor, if it was printed last and nothing else came since: what follows may join or repeat it. */
  last: string
}

/** Link, underline and its colour are kept also where the flags say that they are off, and no SGR brings that back. */
const isPlain = (pen: Pen): boolean =>
  pen.extended._ext === 0 && pen.extended.urlId === 0 && !pen.isUnderline() && !pen.isProtected()
const isEmpty = (cell: IBufferCell | undefined): boolean =>
  cell?.getCode() === 0 && cell.getWidth() === 1 && cell.isAttributeDefault()

export class ScreenModel {
  readonly #terminal: Terminal
  readonly #core: ReturnType<typeof coreOf>
  #held: Uint8Array = new Uint8Array()
  #scrolledAway = 0

  /** `terminal`: a new one, without scrollback. */
  constructor(terminal: Terminal) {
    this.#terminal = terminal
    this.#core = coreOf(terminal)
    limitRepeats(this.#core)
    this.#core.buffers.normal.lines.onTrim((count) => {
      this.#scrolledAway += count
    })
  }

  /** False when xterm.js could not parse it: then it knows nothing any more. */
  write(bytes: Uint8Array): boolean {
    // It loses a character that is torn between two writes.
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    const end = wholeCharacters(all)
    this.#held = all.slice(end)
    try {
      this.#core.writeSync(all.subarray(0, end))
      return true
    } catch {
      return false
    }
  }

  resize({ cols, rows }: Size): void {
    this.#terminal.resize(cols, rows)
  }

  get sight(): Sight {
    const { cols, buffer } = this.#terminal
    const { baseY, cursorX, cursorY } = buffer.active
    const line = buffer.active.getLine(baseY + cursorY)
    return {
      line: this.#scrolledAway + baseY + cursorY,
      column: cursorX,
      cols,
      open: this.#isSimple() && this.#isEmptyFrom(cursorX),
      text: (from, to) => line?.translateToString(false, from, to) ?? '',
    }
  }

  /** Null where more than pen and character would have to be brought back. */
  get place(): Place | null {
    const { _inputHandler: handler } = this.#core
    const pen = handler._curAttrData
    if (!isPlain(pen)) return null
    if (handler._parser.precedingJoinState === 0) return { pen, last: '' }
    const { baseY, cursorX, cursorY } = this.#terminal.buffer.active
    const last = this.#terminal.buffer.active.getLine(baseY + cursorY)?.getCell(cursorX - 1)
    return last?.getWidth() === 1 && last.getChars() !== '' ? { pen, last: last.getChars() } : null
  }

  /** Does a character that is printed replace what stands at the cursor, and a step back nothing but that step? */
  #isSimple(): boolean {
    const { coreService, _charsetService, _inputHandler: handler } = this.#core
    const { buffer, modes } = this.#terminal
    return (
      buffer.active.type === 'normal' &&
      this.#held.length === 0 &&
      handler._parser.currentState === GROUND &&
      !coreService.isCursorHidden &&
      !modes.insertMode &&
      !modes.originMode &&
      !modes.synchronizedOutputMode &&
      _charsetService.charset === undefined &&
      this.place !== null
    )
  }

  #isEmptyFrom(column: number): boolean {
    const { cols, buffer } = this.#terminal
    const line = buffer.active.getLine(buffer.active.baseY + buffer.active.cursorY)
    if (column >= cols - 1) return false
    for (let at = column; at < cols; at++) if (!isEmpty(line?.getCell(at))) return false
    return true
  }
}
