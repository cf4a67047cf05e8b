/** Notices the end of a pane's command: looked for when output has come to rest, and told by tmux within a second. */
import { constants } from 'node:os'
import type { Control } from './control.ts'
import { paneOf, quoted, type Tmux } from './tmux.ts'

export interface Exit {
  exitCode: number | null
  signal: string | null
}

/** Milliseconds without output after which it is looked whether that was the last. */
const QUIET_MS = 20
const FORMAT = '#{pane_dead},#{pane_dead_status},#{pane_dead_signal}'
const NAME = 'exit'
/**
 * Ends a child of the server. tmux 3.3 misses in one of ten cases that a command has ended, which then is dead without a
 * status; it looks at all of its children whenever one ends. (Measured: 150 times `exit 3`.) In the background, and never by
 * a client in control mode: the server does not survive that such a client goes before its child has ended.
 */
export const REAP = ['run-shell', '-b', 'true'] as const
/** Each takes some milliseconds, in which a command that has closed its terminal comes to its end. */
export const MAX_LOOKS = 20

/** Is it dead, and not known how? Before 3.3 that is all that is told of a signal. */
export const lacksStatus = ({ exitCode, signal }: Exit): boolean => exitCode === null && signal === null

const nameOf = (number: string): string =>
  Object.entries(constants.signals)
    .find(([, value]) => value === Number(number))?.[0]
    .slice('SIG'.length) ?? number

/** Null while it lives. tmux before 3.3 does not tell signals. */
export const exitOf = (told: string): Exit | null => {
  const [dead, status = '', signal = ''] = told.split(',')
  if (dead !== '1') return null
  if (signal !== '') return { exitCode: null, signal: nameOf(signal) }
  return { exitCode: status === '' ? null : Number(status), signal: null }
}

export class Exits {
  readonly #tmux: Tmux
  readonly #control: Control
  readonly #command: string
  readonly #onExit: (exit: Exit) => void
  #timer: NodeJS.Timeout | undefined
  #over = false

  private constructor(tmux: Tmux, control: Control, id: string, onExit: (exit: Exit) => void) {
    this.#tmux = tmux
    this.#control = control
    this.#command = `display-message -p -t ${quoted(paneOf(id))} ${quoted(FORMAT)}`
    this.#onExit = onExit
  }

  /** `onExit` is called once; all output came before it. */
  static async of(tmux: Tmux, control: Control, id: string, onExit: (exit: Exit) => void): Promise<Exits> {
    const exits = new Exits(tmux, control, id, onExit)
    // A subscription tells a change at most once a second (tmux(1), refresh-client -B).
    await control.run(`refresh-client -B ${quoted(`${NAME}:%*:${FORMAT}`)}`)
    return exits
  }

  /** There may have been an end: it is looked for in a moment. */
  look(): void {
    if (this.#over) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#ask()
    }, QUIET_MS)
    this.#timer.refresh()
  }

  /** A notification of the control client. */
  hear(line: string): void {
    if (line.startsWith(`%subscription-changed ${NAME} `)) void this.#ask()
  }

  async #ask(): Promise<void> {
    let exit = await this.#look()
    for (let looks = 0; exit !== null && lacksStatus(exit) && looks < MAX_LOOKS; looks++) {
      await this.#tmux.run(REAP).catch(() => {}) // a server that is gone is told otherwise
      exit = await this.#look()
    }
    if (exit === null || this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    this.#onExit(exit)
  }

  async #look(): Promise<Exit | null> {
    const [[told] = []] = await this.#control.run(this.#command).catch(() => [])
    return told === undefined ? null : exitOf(told.toString())
  }
}
