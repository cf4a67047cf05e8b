/** One line about the connection, on the standard error of a terminal, gone when all is well again. */
import type { Io } from './io.ts'

/** A reconnect that is quicker is not worth a word. */
const QUIET_MS = 1000

export class StatusLine {
  readonly #io: Io
  readonly #onShow: () => void
  #text = ''
  #shown = false
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `onShow`: the line covers something of the session's screen now. */
  constructor(io: Io, onShow: () => void) {
    this.#io = io
    this.#onShow = onShow
  }

  set(text: string): void {
    if (!this.#io.stderr.isTTY) return
    this.#text = text
    if (this.#shown) this.#draw()
    else this.#timer ??= setTimeout(() => this.#show(), QUIET_MS)
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (!this.#shown) return
    this.#shown = false
    this.#write('')
  }

  #show(): void {
    this.#shown = true
    this.#draw()
    this.#onShow()
  }

  #draw(): void {
    const width = this.#io.stderr.columns ?? 80
    this.#write(`\x1b[7m${this.#text.slice(0, width - 1)}\x1b[0m`)
  }

  /** Over the session: on the last row, with the cursor back where it was. Else, e.g. with the output in a file, in place. */
  #write(text: string): void {
    const { stdout, stderr } = this.#io
    const overlay = `\x1b7\x1b[${stderr.rows ?? 24};1H\x1b[0m\x1b[2K${text}\x1b8`
    stderr.write(stdout.isTTY ? overlay : `\r\x1b[2K${text}`)
  }
}
