/** The terminal the command line runs in: raw while attached, sized, and put back in order afterwards. */
import { spawnSync } from 'node:child_process'
import { MAX_COLS, MAX_ROWS, MIN_COLS, MIN_ROWS } from '@holdfast/protocol'
import type { Io, Output } from './io.ts'

/** RIS: everything as after power-on. */
const FULL_RESET = '\x1bc'

/** What a program may have left on. Source: xterm's ctlseqs, kitty's keyboard protocol. */
const RESTORE = [
  '\x18', // CAN: ends a sequence that was cut off in the middle
  '\x1b7\x1b[?1049l', // off the alternate screen; on the normal one it brings back the cursor just saved
  '\x1b7\x1b[?69l\x1b[r\x1b8', // margins; they move the cursor, so it is saved around them
  '\x1b[0m\x1b(B\x0f', // attributes, character sets
  '\x1b[?25h\x1b[0 q', // cursor visible, in its default shape
  '\x1b[?7h\x1b[?5l\x1b[4l\x1b[20l', // autowrap on; reverse video, insert, newline mode off
  '\x1b[?1l\x1b>', // cursor keys and keypad
  '\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l', // mouse
  '\x1b[?1004l\x1b[?2004l\x1b[?2026l\x1b[?2031l', // focus, bracketed paste, synchronised output, colour scheme reports
  '\x1b[=0;1u\x1b[>4;0m', // kitty's keyboard flags, xterm's modifyOtherKeys
  '\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\', // palette, foreground, background, cursor colour
].join('')

export interface Size {
  cols: number
  rows: number
}

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most)

/** Empty when the output is no terminal, or one of unknown size. */
export const sizeOf = ({ isTTY, columns, rows }: Output): Partial<Size> =>
  isTTY && columns && rows ? { cols: clamp(columns, MIN_COLS, MAX_COLS), rows: clamp(rows, MIN_ROWS, MAX_ROWS) } : {}

/** The size to draw for, where a terminal does not tell its own. */
export const windowOf = (output: Output): Size => ({ cols: 80, rows: 24, ...sizeOf(output) })

export class LocalTerminal {
  readonly #io: Io
  #blank = true

  constructor(io: Io) {
    this.#io = io
  }

  get shows(): boolean {
    return this.#io.stdout.isTTY === true
  }

  get types(): boolean {
    return this.#io.stdin.isTTY === true
  }

  enter(): void {
    if (!this.types) return
    this.#io.stdin.setRawMode?.(true)
    // libuv's raw mode still makes CR LF of every LF (tty.c, ONLCR), which moves the cursor of programs that mean a bare LF.
    spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] })
  }

  /** An empty screen for a stream from its beginning. The first time what stood here scrolls up instead of going away. */
  clear(): void {
    const { isTTY, rows } = this.#io.stdout
    if (!isTTY) return
    this.#io.stdout.write(this.#blank ? `${'\r\n'.repeat(rows ?? 0)}\x1b[H\x1b[J` : FULL_RESET)
    this.#blank = false
  }

  reset(): void {
    this.#blank = false
    if (this.shows) this.#io.stdout.write(FULL_RESET)
  }

  /** `atLineStart`: what is printed next needs no line of its own. */
  leave(atLineStart: boolean): void {
    const { stdin, stdout } = this.#io
    if (this.types) stdin.setRawMode?.(false)
    stdin.pause()
    if (this.shows && !this.#blank) stdout.write(`${RESTORE}${atLineStart ? '' : '\r\n'}`)
  }
}
