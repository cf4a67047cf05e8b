/** One command on a pseudo-terminal: raw bytes both ways, size, signals, its ending and the end of all its processes. */
import { constants } from 'node:os'
import { randomId, type SignalName, type TerminalEnd } from '@holdfast/protocol'
import { type IPty, spawn } from 'node-pty'
import { type Ending, EndingMark, type Mark } from './ending-mark.ts'
import { FloodReader, type Source } from './flood-reader.ts'
import { InputQueue } from './input-queue.ts'
import { Leftovers } from './leftovers.ts'
import { firstChild, foregroundGroup, sendSignal } from './process-tree.ts'

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
  /** The bytes are overwritten when this has returned. */
  onOutput(bytes: Buffer): void
  /** Input waits for a command that does not read, or flows again. */
  onInputBlocked(blocked: boolean, waiting: number): void
  /** Input is taken again after `inputFull`. */
  onDrain(): void
  /** Once, before `onClosed`: the command itself has ended, and this is all it wrote. Others may still write. */
  onEnding(ending: Ending): void
  /** Others do hold the terminal: their output is waited for. */
  onOutlasted(): void
  /** Once, after the last output. `forced`: not before what was left had been told to go. */
  onClosed(end: TerminalEnd): void
}

/** What node-pty 1.1.0 has but does not declare. */
interface Innards {
  fd: number
  ptsName: string
  /** Without a handle once it is destroyed. */
  _socket: { destroyed: boolean; _handle: Source | null }
}

/**
 * How long the terminal stays open for what the command left behind on it: long enough for the last lines of a background
 * job, short enough that a forgotten `sleep &` is no hanging session.
 */
const OUTLAST_MS = 2_000
/** What is left gets this long between HUP and KILL, to say goodbye. */
const LEFTOVER_GRACE_MS = 1_000
/** For a KILL to reach everything. */
const KILL_MS = 5_000
/** For the mark to come behind the last output, whose reading may be paused. */
const MARK_MS = 5_000

export class Pty {
  readonly #child: IPty
  readonly #mark: EndingMark
  readonly #input: InputQueue
  readonly #events: PtyEvents
  readonly #reader: FloodReader
  readonly #left: Leftovers
  readonly #gone = Promise.withResolvers<void>()
  readonly #exited = Promise.withResolvers<void>()
  /** The command's own end, once it is known. */
  #ending: Ending | null = null
  #ended = false
  #forced = false

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
    this.#left = new Leftovers(this.#child.pid, innards.ptsName)
    this.#input = new InputQueue({
      fd: innards.fd,
      closed: () => innards._socket.destroyed,
      onBlocked: (blocked, waiting) => events.onInputBlocked(blocked, waiting),
      onDrain: () => events.onDrain(),
    })
    this.#reader = new FloodReader(
      innards.fd,
      () => innards._socket._handle,
      (bytes) => this.#take(bytes),
    )
    // With encoding null these are buffers, whatever the type says.
    this.#child.onData((data) => this.#reader.push(data as unknown as Buffer))
    this.#child.onExit(() => this.#leaderGone())
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
    if (this.#ending !== null) return false
    const group = foregroundGroup(this.#child.pid)
    // Before the command has taken the terminal over, hold's own group is in front.
    const target = group === this.#child.pid ? this.#firstGroup() : group
    return target !== null && sendSignal(-target, `SIG${name}`)
  }

  /** HUP and TERM to every process, KILL after `graceMs`; resolves when none is left. */
  async stop(graceMs: number): Promise<void> {
    if (this.#ended) return this.gone
    this.#left.signal('SIGTERM', 'SIGHUP', 'SIGCONT')
    await this.#left.until(() => this.#ended, graceMs)
    await this.#end()
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
    for (let left = bytes; left.length > 0 && !this.#ended; ) {
      const { output, mark, rest } = this.#mark.push(left)
      if (output.length > 0) this.#events.onOutput(output)
      if (mark !== null) this.#heed(mark)
      left = rest
    }
  }

  #heed({ ending, closed }: Mark): void {
    if (ending !== null) this.#tellEnding(ending)
    if (closed) this.#finish()
    else if (ending !== null) void this.#outlast()
  }

  #tellEnding(ending: Ending): void {
    if (this.#ending !== null) return
    this.#ending = ending
    this.#events.onEnding(ending)
  }

  /** The command has ended and left others behind. Those that do not hold the terminal delay nothing. */
  async #outlast(): Promise<void> {
    if (this.#left.holdTerminal) {
      this.#events.onOutlasted()
      await this.#left.until(() => this.#ended || !this.#left.holdTerminal, OUTLAST_MS)
    }
    if (!this.#ended && this.#left.holdTerminal) {
      this.#forced = true
      this.#left.signal('SIGHUP', 'SIGCONT')
      await this.#left.until(() => this.#ended || !this.#left.holdTerminal, LEFTOVER_GRACE_MS)
    }
    if (!this.#ended && this.#left.holdTerminal) await this.#end()
    else this.#askForMark()
  }

  /** The end of everything that has not ended by itself. */
  async #end(): Promise<void> {
    if (this.#ended) return
    this.#forced = true
    await this.#left.kill(() => this.#ended || this.#left.none, KILL_MS)
    await this.#left.until(() => this.#askForMark(), MARK_MS)
    // Without the mark nothing but the leader's own end can end the stream.
    if (this.#ended) return
    this.#tellEnding({ kind: 'signal', number: constants.signals.SIGKILL, coreDumped: false })
    sendSignal(this.#child.pid, 'SIGKILL')
  }

  /** The leader, stopped or not, is to say behind every byte that nobody writes any more. True when it has said so. */
  #askForMark(): boolean {
    if (this.#ended) return true
    sendSignal(this.#child.pid, 'SIGUSR1')
    sendSignal(this.#child.pid, 'SIGCONT')
    return false
  }

  #leaderGone(): void {
    this.#reader.flush()
    const rest = this.#mark.flush()
    if (rest.length > 0 && !this.#ended) this.#events.onOutput(rest)
    if (!this.#ended) this.#forced = true
    this.#tellEnding({ kind: 'lost', number: 0, coreDumped: false })
    this.#exited.resolve()
    this.#finish()
  }

  #finish(): void {
    if (this.#ended) return
    this.#ended = true
    this.#input.close()
    this.#events.onClosed(this.#forced ? 'forced' : 'closed')
    void this.#sweep()
  }

  /** What does not hold the terminal goes too, and the leader last, for it keeps the rest findable. */
  async #sweep(): Promise<void> {
    this.#left.signal('SIGHUP', 'SIGCONT')
    await this.#left.until(() => this.#left.none, LEFTOVER_GRACE_MS)
    await this.#left.kill(() => this.#left.none, KILL_MS)
    sendSignal(this.#child.pid, 'SIGKILL')
    await this.#exited.promise
    this.#gone.resolve()
  }
}
