/** The `holdfast` program on a real PTY, as a person has it. */
import { fileURLToPath } from 'node:url'
import { type IPty, spawn } from 'node-pty'

const PROGRAM = fileURLToPath(new URL('../bin/holdfast.mjs', import.meta.url))

export class OnPty {
  text = ''
  readonly exited: Promise<number>
  readonly pty: IPty
  #waiting: (() => void)[] = []

  constructor(argv: readonly string[], env: Record<string, string>, size = { cols: 80, rows: 24 }) {
    this.pty = spawn(process.execPath, [PROGRAM, ...argv], { ...size, env: { ...process.env, ...env } })
    const { promise, resolve } = Promise.withResolvers<number>()
    this.exited = promise
    this.pty.onData((data) => {
      this.text += data
      this.#happened()
    })
    this.pty.onExit(({ exitCode }) => {
      resolve(exitCode)
      this.#happened()
    })
  }

  /** Resolves when the screen has got `text`. */
  async shows(text: string): Promise<void> {
    while (!this.text.includes(text)) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  type(text: string): void {
    this.pty.write(text)
  }

  #happened(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
