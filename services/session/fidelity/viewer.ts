/** A terminal as a viewer has it: plain xterm.js that knows nothing of ours. */
import headless from '@xterm/headless'
import { type Core, coreOf } from './internals.ts'
import type { Program, Size } from './program.ts'

export class Viewer {
  readonly core: Core
  /** Colours the program set; xterm.js keeps them in its window, which is not here. */
  readonly colors = new Map<number, string>()
  /** What it would answer; a real viewer is told not to. */
  replies = ''
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

  write(bytes: Uint8Array): void {
    this.core.writeSync(bytes)
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
