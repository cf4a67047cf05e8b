/** The whole terminal for a picture of lines: entered, drawn on, read for keys, and given back as it was. */
import { emitKeypressEvents, type Key } from 'node:readline'
import { DEFAULT_COLS, DEFAULT_ROWS } from '@holdfast/protocol'
import type { Io } from '../io.ts'
import { type Size, sizeOf } from '../local-terminal.ts'

// Alternate screen, no cursor, no autowrap: a width judged wrongly is cut off instead of moving what is below.
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'
const LEAVE = '\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const REST_OF_LINE = '\x1b[K'

export class FullScreen {
  readonly #io: Io
  readonly #onKey: (key: Key) => void
  readonly #onResize: () => void
  readonly #keypress = (_text: string | undefined, key: Key): void => this.#onKey(key)

  constructor(io: Io, on: { key(key: Key): void; resize(): void }) {
    this.#io = io
    this.#onKey = on.key
    this.#onResize = on.resize
  }

  get size(): Size {
    return { cols: DEFAULT_COLS, rows: DEFAULT_ROWS, ...sizeOf(this.#io.stdout) }
  }

  enter(): void {
    const { stdin, stdout } = this.#io
    stdin.setRawMode?.(true)
    emitKeypressEvents(stdin)
    stdin.on('keypress', this.#keypress)
    stdout.on('resize', this.#onResize)
    stdin.resume()
    stdout.write(ENTER)
  }

  /** `lines` as many as there are rows, each as wide as the screen at most. */
  draw(lines: readonly string[]): void {
    this.#io.stdout.write(HOME + lines.map((line) => line + REST_OF_LINE).join('\r\n'))
  }

  leave(): void {
    const { stdin, stdout } = this.#io
    stdout.off('resize', this.#onResize)
    stdin.off('keypress', this.#keypress)
    stdin.pause()
    stdin.setRawMode?.(false)
    stdout.write(LEAVE)
  }
}
