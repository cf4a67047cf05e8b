/** All processes of a session but its leader: who still holds the terminal, and signals that reach every one of them. */
import { statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { holdsTerminal, processesBelow, sendSignal, signalProcess } from './process-tree.ts'

/** How often /proc is read: a look costs milliseconds on a busy machine. */
const POLL_MS = 25

export class Leftovers {
  readonly #root: number
  readonly #terminal: string

  /** `root`: the session's leader. `terminal`: path of its terminal. */
  constructor(root: number, terminal: string) {
    this.#root = root
    this.#terminal = terminal
  }

  get none(): boolean {
    return processesBelow(this.#root).length === 0
  }

  /** Looks twice: a process that forks between the list and the look at it, and ends, is seen by its child. */
  get holdTerminal(): boolean {
    return this.#holders() || this.#holders()
  }

  signal(...signals: NodeJS.Signals[]): void {
    for (const process of processesBelow(this.#root)) for (const signal of signals) signalProcess(process, signal)
  }

  /** Again and again, because processes may be forked between the look and the blow; at most `timeoutMs`. */
  async kill(done: () => boolean, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (!done() && Date.now() < deadline) {
      this.#killOnce()
      await delay(POLL_MS)
    }
  }

  async until(met: () => boolean, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (!met() && Date.now() < deadline) await delay(POLL_MS)
  }

  #holders(): boolean {
    const terminal = statSync(this.#terminal, { throwIfNoEntry: false })
    return terminal !== undefined && processesBelow(this.#root).some((process) => holdsTerminal(process, terminal))
  }

  /** Groups first: the kernel kills a whole group at one moment, so that none of it can fork in between. A group is always in one session. */
  #killOnce(): void {
    const processes = processesBelow(this.#root)
    const groups = new Set(processes.map(({ group }) => group))
    groups.delete(this.#root)
    for (const group of groups) sendSignal(-group, 'SIGKILL')
    for (const process of processes) signalProcess(process, 'SIGKILL')
  }
}
