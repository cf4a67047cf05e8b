/** The commands of the shell (OSC 133, 633) in the terminal's left margin, each with how it ended, and the way from one to the next. */
import type { IDecoration, IMarker, Terminal } from '@xterm/xterm'

interface Mark {
  marker: IMarker
  decoration: IDecoration | undefined
  /** null while it runs, and when the shell does not tell. */
  exitCode: number | null
  ended: boolean
}

const MAX_MARKS = 1000

const wear = (element: HTMLElement, { exitCode, ended }: Mark): void => {
  const failed = exitCode !== null && exitCode !== 0
  element.classList.add('command-mark')
  element.dataset.end = !ended ? 'running' : failed ? 'failed' : 'good'
  element.textContent = failed ? String(exitCode) : ''
  element.title = !ended ? 'runs' : exitCode === null ? 'ended' : `exit code ${exitCode}`
}

export class Marks {
  readonly #terminal: Terminal
  #marks: Mark[] = []
  /** Where the prompt begins that the next command belongs to. */
  #prompt: IMarker | undefined

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    for (const code of [133, 633]) terminal.parser.registerOscHandler(code, (data) => this.#take(data))
  }

  /** In order with the output: the terminal was reset. */
  clear(): void {
    for (const { marker } of this.#marks) marker.dispose()
    this.#marks = []
    this.#prompt = undefined
  }

  /** Shows the command above (-1) or below (1) what is shown. */
  jump(by: 1 | -1): void {
    const lines = this.#marks.map(({ marker }) => marker.line).filter((line) => line >= 0)
    const at = this.#terminal.buffer.active.viewportY
    const to = by < 0 ? lines.findLast((line) => line < at) : lines.find((line) => line > at)
    if (to !== undefined) this.#terminal.scrollToLine(to)
    else if (by > 0) this.#terminal.scrollToBottom()
  }

  #take(data: string): boolean {
    if (this.#terminal.buffer.active.type !== 'normal') return false
    const [letter, code] = data.split(';')
    if (letter === 'A') this.#prompt = this.#terminal.registerMarker(0)
    if (letter === 'C') this.#start()
    if (letter === 'D') this.#end(code === undefined || code === '' ? null : Number(code))
    return false
  }

  #start(): void {
    const marker = this.#prompt ?? this.#terminal.registerMarker(0)
    this.#prompt = undefined
    if (marker === undefined || marker.isDisposed) return
    const mark: Mark = { marker, decoration: undefined, exitCode: null, ended: false }
    mark.decoration = this.#terminal.registerDecoration({ marker, width: 1 })
    mark.decoration?.onRender((element) => wear(element, mark))
    this.#marks.push(mark)
    if (this.#marks.length > MAX_MARKS) this.#marks.shift()?.marker.dispose()
  }

  #end(exitCode: number | null): void {
    const mark = this.#marks.at(-1)
    if (mark === undefined || mark.ended) return
    mark.ended = true
    mark.exitCode = Number.isInteger(exitCode) ? exitCode : null
    if (mark.decoration?.element) wear(mark.decoration.element, mark)
  }
}
