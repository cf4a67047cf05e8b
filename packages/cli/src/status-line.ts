/** One line about the session, on the standard error of a terminal, gone when all is well again. */
import type { Io } from './io.ts'

/** A trouble that is over sooner is not worth a word. */
const QUIET_MS = 1000
/** Time to read a notice, milliseconds. */
const NOTICE_MS = 4000

/** What others say may not steer this terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const plain = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ')

export interface Covering {
  /** The line covers something of the session's screen now. */
  onShow(): void
  /** The line is gone, and nothing stands in its place. */
  onHide(): void
}

export class StatusLine {
  readonly #io: Io
  readonly #covering: Covering
  #text = ''
  #shown = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(io: Io, covering: Covering) {
    this.#io = io
    this.#covering = covering
  }

  /** A state that lasts: told when it has lasted a while, until `clear`. */
  set(text: string): void {
    if (!this.#io.stderr.isTTY) return
    this.#text = plain(text)
    if (this.#shown) this.#show()
    else this.#timer ??= setTimeout(() => this.#show(), QUIET_MS)
  }

  /** Something that happened: told at once, for a while. */
  notice(text: string): void {
    if (!this.#io.stderr.isTTY) return
    this.#text = plain(text)
    this.#show()
    this.#timer = setTimeout(() => this.clear(), NOTICE_MS)
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (!this.#shown) return
    this.#shown = false
    this.#write('')
    this.#covering.onHide()
  }

  #show(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const width = this.#io.stderr.columns ?? 80
    this.#write(`\x1b[7m${this.#text.slice(0, width - 1)}\x1b[0m`)
    if (this.#shown) return
    this.#shown = true
    this.#covering.onShow()
  }

  /** Over the session: on the last row, with the cursor back where it was. Else, e.g. with the output in a file, in place. */
  #write(text: string): void {
    const { stdout, stderr } = this.#io
    const overlay = `\x1b7\x1b[${stderr.rows ?? 24};1H\x1b[0m\x1b[2K${text}\x1b8`
    stderr.write(stdout.isTTY ? overlay : `\r\x1b[2K${text}`)
  }
}
