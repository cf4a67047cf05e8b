/** One command on a pseudo-terminal: raw bytes both ways, size, signals, its ending and the end of all its processes. */
import { setTimeout as delay } from 'node:timers/promises'
import { randomId, type SignalName } from '@holdfast/protocol'
import { type IPty, spawn } from 'node-pty'
import { type Ending, EndingMark } from './ending-mark.ts'
import { InputQueue } from './input-queue.ts'
import { firstChild, foregroundGroup, processesBelow, sendSignal } from './process-tree.ts'

export interface PtyOptions {
  /** Path of the session leader, shim/hold.c. */
  hold: string
  command: string
  args: readonly string[]
  cwd: string
  env: Readonly<Record<string, string>>
  cols: number
  rows: number
}

export interface PtyEvents {
  onOutput(bytes: Buffer): void
  /** Input is taken again after `inputFull`. */
  onDrain(): void
  /** Once, after the last output. */
  onEnding(ending: Ending): void
}

/** What node-pty 1.1.0 has but does not declare. */
interface Innards {
  fd: number
  _socket: { destroyed: boolean }
}

/** What is left after the command's own end gets this long between HUP and KILL. */
const LEFTOVER_GRACE_MS = 1_000
/** Between the KILL of everything and giving up on the mark. */
const MARK_MS = 2_000
const POLL_MS = 15

export class Pty {
  readonly #child: IPty
  readonly #mark: EndingMark
  readonly #input: InputQueue
  readonly #events: PtyEvents
  readonly #gone = Promise.withResolvers<void>()
  #ended = false

  constructor(options: PtyOptions, events: PtyEvents) {
    const nonce = randomId(20)
    this.#events = events
    this.#mark = new EndingMark(nonce)
    this.#child = spawn(options.hold, [nonce, options.cwd, '--', options.command, ...options.args], {
      name: options.env.TERM ?? 'xterm-256color',
      cols: options.cols,
      rows: options.rows,
      // hold changes the directory itself: node-pty's failure would be text on the terminal.
      cwd: '/',
      env: options.env,
      encoding: null,
    })
    const innards = this.#child as unknown as Innards
    this.#input = new InputQueue({
      fd: innards.fd,
      closed: () => innards._socket.destroyed,
      onDrain: () => events.onDrain(),
    })
    // With encoding null these are buffers, whatever the type says.
    this.#child.onData((data) => this.#take(data as unknown as Buffer))
    this.#child.onExit(({ signal }) => {
      const rest = this.#mark.flush()
      if (rest.length > 0 && !this.#ended) events.onOutput(rest)
      this.#finish({ kind: 'signal', number: signal || 9, coreDumped: false })
      this.#gone.resolve()
    })
  }

  get inputFull(): boolean {
    return this.#input.full
  }

  /** Resolves when no process of the session is left. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  /** Is the command itself in the foreground, as a shell is at its prompt? */
  get leaderInForeground(): boolean {
    const group = foregroundGroup(this.#child.pid)
    return group !== null && group === this.#firstGroup()
  }

  write(bytes: Buffer): void {
    if (!this.#ended) this.#input.push(bytes)
  }

  /** An answer of the terminal itself. */
  reply(text: string): void {
    if (!this.#ended) this.#input.pushReply(Buffer.from(text))
  }

  resize(cols: number, rows: number): void {
    if (!this.#ended && !this.#closed) this.#child.resize(cols, rows)
  }

  /** To the foreground process group. False when nobody took it. */
  signal(name: SignalName): boolean {
    if (this.#ended) return false
    const group = foregroundGroup(this.#child.pid)
    // Before the command has taken the terminal over, hold's own group is in front.
    const target = group === this.#child.pid ? this.#firstGroup() : group
    return target !== null && sendSignal(-target, `SIG${name}`)
  }

  /** Stops reading: the command blocks once the terminal's own few kilobytes are full. */
  pause(): void {
    if (!this.#ended) this.#child.pause()
  }

  resume(): void {
    this.#child.resume()
  }

  /** HUP and TERM to every process, KILL after `graceMs`; resolves when none is left. */
  async stop(graceMs: number): Promise<void> {
    if (this.#ended) return this.gone
    this.#signalAll('SIGTERM', 'SIGHUP', 'SIGCONT')
    await this.#until(() => this.#ended, graceMs)
    await this.#killAll(() => this.#ended)
    // Without the mark nothing but hold's own end can end the stream.
    if (!this.#ended) sendSignal(this.#child.pid, 'SIGKILL')
    return this.gone
  }

  get #closed(): boolean {
    return (this.#child as unknown as Innards)._socket.destroyed
  }

  /** The group that hold made for the command; its number is the command's pid. */
  #firstGroup(): number | null {
    return this.#ended ? null : firstChild(this.#child.pid)
  }

  #take(bytes: Buffer): void {
    if (this.#ended) return
    const { output, ending } = this.#mark.push(bytes)
    if (output.length > 0) this.#events.onOutput(output)
    if (ending !== null) this.#finish(ending)
  }

  #finish(ending: Ending): void {
    if (this.#ended) return
    this.#ended = true
    this.#input.close()
    this.#child.resume()
    this.#events.onEnding(ending)
    void this.#sweep()
  }

  /** The command is over: what it left behind goes too, and hold last, for it keeps the rest findable. */
  async #sweep(): Promise<void> {
    this.#signalAll('SIGHUP', 'SIGCONT')
    await this.#until(() => processesBelow(this.#child.pid).length === 0, LEFTOVER_GRACE_MS)
    await this.#killAll(() => processesBelow(this.#child.pid).length === 0)
    sendSignal(this.#child.pid, 'SIGKILL')
  }

  /** Again and again, because processes may be forked between the look and the blow. */
  async #killAll(done: () => boolean): Promise<void> {
    const deadline = Date.now() + MARK_MS
    while (!done() && Date.now() < deadline) {
      this.#signalAll('SIGKILL')
      await delay(POLL_MS)
    }
  }

  #signalAll(...signals: NodeJS.Signals[]): void {
    for (const pid of processesBelow(this.#child.pid)) for (const signal of signals) sendSignal(pid, signal)
  }

  async #until(met: () => boolean, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (!met() && Date.now() < deadline) await delay(POLL_MS)
  }
}
