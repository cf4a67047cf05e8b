/** A terminal as a viewer has it: xterm.js with the cures that viewers need. */
import { cureResizes, wholeCharacters } from '@holdfast/protocol'
import headless from '@xterm/headless'
import { cureErase } from '../src/parser-guards.ts'
import { type Core, coreOf } from '../src/snapshot/internals.ts'
import type { Program, Size } from './program.ts'

/** xterm.js cuts what is longer than 128 KiB itself, and tears characters. */
const PIECE_BYTES = 64 * 1024

export class Viewer {
  readonly core: Core
  /** Colours the program set; xterm.js keeps them in its window, which is not here. */
  readonly colors = new Map<number, string>()
  /** What it would answer; a real viewer is told not to. */
  replies = ''
  /** Torn between two writes, a character with a second byte of 0x80 is lost by xterm.js 6.0: it is written in one. */
  #torn: Buffer = Buffer.alloc(0)
  readonly #terminal: InstanceType<typeof headless.Terminal>

  constructor({ cols, rows }: Size, scrollbackLines: number) {
    this.#terminal = new headless.Terminal({
      cols,
      rows,
      scrollback: scrollbackLines,
      allowProposedApi: true,
      logLevel: 'off',
      windowOptions: { pushTitle: true, popTitle: true },
    })
    this.core = coreOf(this.#terminal)
    this.#terminal.onData((text) => {
      this.replies += text
    })
    cureErase(this.core)
    cureResizes(this.#terminal)
    this.core._inputHandler.onColor((events) => {
      for (const { type, index, color } of events) {
        if (type === 1 && index !== undefined) this.colors.set(index, String(color))
        if (type === 2) this.#restoreColor(index)
      }
    })
  }

  get options(): { convertEol: boolean | undefined; cursorBlink: boolean | undefined } {
    return this.#terminal.options as { convertEol: boolean; cursorBlink: boolean }
  }

  /** Lines of scrollback. */
  get linesAbove(): number {
    return this.core.buffers.normal.ybase
  }

  write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = Buffer.concat([this.#torn, bytes.subarray(at, at + PIECE_BYTES)])
      const length = wholeCharacters(piece)
      this.#torn = piece.subarray(length)
      this.core.writeSync(piece.subarray(0, length))
    }
  }

  play(program: Program, from: number, to: number): void {
    for (const step of program.steps(from, to)) {
      if (step instanceof Uint8Array) this.write(step)
      else this.#terminal.resize(step.cols, step.rows)
    }
  }

  /** OSC 104 without an index restores the 256 of the palette, not foreground, background and cursor. */
  #restoreColor(index: number | undefined): void {
    if (index !== undefined) this.colors.delete(index)
    else for (const key of this.colors.keys()) if (key < 256) this.colors.delete(key)
  }
}
