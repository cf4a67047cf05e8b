/** Characters laid over a terminal at its cursor, and the sight that guesses need of it. */
import type { Sight } from '@holdfast/client'
import type { IBufferLine, IMarker, Terminal } from '@xterm/xterm'

/** More lines than any scrollback has. */
const FAR_AWAY = 1_000_000

interface Internals {
  coreService: { isCursorHidden: boolean }
}

const isEmptyFrom = (line: IBufferLine | undefined, from: number, cols: number): boolean => {
  for (let at = from; at < cols; at++) {
    const cell = line?.getCell(at)
    if (cell?.getCode() !== 0 || cell.getWidth() !== 1 || !cell.isAttributeDefault()) return false
  }
  return true
}

/** A place for each character, and one for the cursor behind them. Called at every rendering. */
const fill = (element: HTMLElement, text: string, { options }: Terminal): void => {
  if (element.firstChild !== null) return
  const { fontFamily = '', fontSize = 0, theme } = options
  const cells = document.createElement('span')
  cells.style.font = `${fontSize}px ${fontFamily}`
  cells.style.lineHeight = 'inherit'
  cells.style.color = theme?.foreground ?? ''
  cells.style.background = theme?.background ?? ''
  for (const character of text) cells.appendChild(document.createElement('u')).textContent = character
  cells.appendChild(document.createElement('i')).style.background = theme?.cursor ?? ''
  element.classList.add('guess')
  element.append(cells)
}

export class Overlay {
  readonly #terminal: Terminal
  readonly #core: Internals
  #shown: { text: string; column: number; marker: IMarker } | null = null
  /** The line from which lines are counted, as long as it is not gone. */
  #first: IMarker | undefined
  #firsts = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    this.#core = (terminal as unknown as { _core: Internals })._core
  }

  get sight(): Sight {
    const { cols, modes, buffer } = this.#terminal
    const { type, baseY, cursorX, cursorY } = buffer.active
    const line = buffer.active.getLine(baseY + cursorY)
    const simple =
      type === 'normal' &&
      !this.#core.coreService.isCursorHidden &&
      !modes.insertMode &&
      !modes.originMode &&
      !modes.synchronizedOutputMode
    return {
      line: simple ? this.#line(baseY + cursorY) : Number.NEGATIVE_INFINITY,
      column: cursorX,
      cols,
      open: simple && isEmptyFrom(line, cursorX, cols),
      text: (from, to) => line?.translateToString(false, from, to) ?? '',
    }
  }

  /** In place of what was there; '' for nothing. Each character takes one cell. */
  show(text: string): void {
    const { cursorX: column, cursorY, baseY } = this.#terminal.buffer.active
    const shown = this.#shown
    if (shown === null && text === '') return
    if (shown?.text === text && shown.column === column && shown.marker.line === baseY + cursorY) return
    shown?.marker.dispose() // and what hangs on it
    this.#shown = null
    if (text === '') return
    const marker = this.#terminal.registerMarker(0)
    const decoration = this.#terminal.registerDecoration({ marker, x: column, width: text.length + 1, layer: 'top' })
    decoration?.onRender((element) => fill(element, text, this.#terminal))
    this.#shown = { text, column, marker }
  }

  #line(at: number): number {
    if (this.#first === undefined || this.#first.isDisposed) {
      this.#first = this.#terminal.registerMarker(0)
      this.#firsts++
    }
    return this.#firsts * FAR_AWAY + at - this.#first.line
  }
}
