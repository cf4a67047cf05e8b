/** One command on a pseudo-terminal: its start, signals, its ending and the end of all its processes. What it reads and writes is the stream's. */
import { constants } from 'node:os'
import { type Resources, randomId, type SignalName, type TerminalEnd } from '@holdfast/protocol'
import { type IPty, spawn } from 'node-pty'
import { type Ending, parseMark } from './ending-mark.ts'
import { Leftovers } from './leftovers.ts'
import type { Mark } from './native-stream.ts'
import {
  argumentsOf,
  cpuMsBelow,
  directoryOf,
  firstChild,
  foregroundGroup,
  resourcesBelow,
  sendSignal,
} from './process-tree.ts'

export interface PtyOptions {
  /** Path of the session leader, shim/hold.c. */
  hold: string
  command: string
  args: readonly string[]
  cwd: string
  env: Readonly<Record<string, string>>
  /** The command begins with the signal CONT, not before. */
  held: boolean
  cols: number
  rows: number
}

export interface PtyEvents {
  /** The leader has gone: whatever its terminal still has is to be read, and its marks to be heeded, now. */
  onLeaderGone(): void
  /** Once, before `onClosed`: the command itself has ended, and the stream up to `offset` is all it wrote. Others may still write. */
  onEnding(ending: Ending, offset: number): void
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
  _socket: { pause(): void; destroy(): void; _handle: { readStop(): void } | null }
}

/**
 * How long the terminal stays open for what the command left behind on it: long enough for the last lines of a background
 * job, short enough that a forgotten `sleep &` is no hanging session.
 */
const OUTLAST_MS = 2_000
/** What is left gets this long between HUP and KILL, to say goodbye. */
const LEFTOVER_GRACE_MS = 1_000
/** For the command to begin after its terminal is there, also on a busy machine. */
const START_MS = 1_000
/** For a KILL to reach everything. */
const KILL_MS = 5_000
/** For the mark to come behind the last output, whose reading may be paused. */
const MARK_MS = 5_000

export class Pty {
  /** Secret with which the leader marks what it says. */
  readonly nonce = randomId(20)
  readonly #child: IPty
  readonly #innards: Innards
  readonly #events: PtyEvents
  readonly #left: Leftovers
  readonly #hold: string
  readonly #gone = Promise.withResolvers<void>()
  readonly #exited = Promise.withResolvers<void>()
  /** The command's own end, once it is known. */
  #ending: Ending | null = null
  #ended = false
  #forced = false

  constructor(options: PtyOptions, events: PtyEvents) {
    this.#events = events
    this.#hold = options.hold
    const begin = options.held ? '--held' : '--'
    this.#child = spawn(options.hold, [this.nonce, options.cwd, begin, options.command, ...options.args], {
      name: options.env.TERM ?? 'xterm-256color',
      cols: options.cols,
      rows: options.rows,
      // hold changes the directory itself: node-pty's failure would be text on the terminal.
      cwd: '/',
      env: options.env,
      encoding: null,
    })
    this.#innards = this.#child as unknown as Innards
    this.#leaveReading()
    this.#left = new Leftovers(this.#child.pid, this.#innards.ptsName)
    this.#child.onExit(() => this.#leaderGone())
  }

  /** Of the terminal; it does not block. */
  get fd(): number {
    return this.#innards.fd
  }

  /** Resolves when no process of the session is left. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  /** Arguments of the process that leads the foreground group; empty when it cannot be told. */
  get job(): string[] {
    const group = this.#front
    return group === null ? [] : argumentsOf(group)
  }

  /** Where the process that leads the foreground group is; null when it cannot be told, as before the command itself is there. */
  get directory(): string | null {
    const group = this.#front
    return group === null || argumentsOf(group)[0] === this.#hold ? null : directoryOf(group)
  }

  /** Is the command itself in the foreground, as a shell is at its prompt? */
  get leaderInForeground(): boolean {
    const group = foregroundGroup(this.#child.pid)
    return group !== null && group === this.#firstGroup()
  }

  /** Has the command, a shell, given the terminal to a job? */
  get jobInForeground(): boolean {
    const group = this.#front
    return group !== null && group !== this.#firstGroup()
  }

  /** CPU time of all its processes so far, milliseconds. */
  get cpuMs(): number {
    return cpuMsBelow(this.#child.pid)
  }

  get resources(): Resources {
    return resourcesBelow(this.#child.pid)
  }

  /** What the leader said in the stream. */
  heed({ text, offset }: Mark): void {
    const { ending, closed } = parseMark(text)
    if (ending !== null) this.#tellEnding(ending, offset)
    if (closed) this.#finish()
    else if (ending !== null) void this.#outlast()
  }

  /** Nobody has the terminal open any more: node-pty need not wait to see it. */
  hungUp(): void {
    this.#innards._socket.destroy()
  }

  /** To the foreground process group; right after the start to the command, as soon as that is there. False when nobody took it. */
  async signal(name: SignalName): Promise<boolean> {
    let isTaken = false
    const isOver = (): boolean => {
      if (this.#ending !== null) return true
      const target = this.#front ?? this.#firstGroup()
      isTaken = target !== null && sendSignal(-target, `SIG${name}`)
      return isTaken
    }
    await this.#left.until(isOver, START_MS)
    return isTaken
  }

  /** HUP and TERM to every process, KILL after `graceMs`; resolves when none is left. */
  async stop(graceMs: number): Promise<void> {
    if (this.#ended) return this.gone
    this.#left.signal('SIGTERM', 'SIGHUP', 'SIGCONT')
    await this.#left.until(() => this.#ended, graceMs)
    await this.#end()
    return this.gone
  }

  /** The group in the foreground; null after the ending, and while the leader's own, of which hold is not the first program, has the terminal. */
  get #front(): number | null {
    const group = this.#ending === null ? foregroundGroup(this.#child.pid) : null
    return group === this.#child.pid ? null : group
  }

  /** The stream's thread reads. node-pty has asked for the first piece by the end of this tick. */
  #leaveReading(): void {
    const { _socket: socket } = this.#innards
    socket.pause()
    process.nextTick(() => socket._handle?.readStop())
  }

  /** The group that hold made for the command; its number is the command's pid. */
  #firstGroup(): number | null {
    return this.#ended ? null : firstChild(this.#child.pid)
  }

  /** `offset`: where the stream ended; by default where it does now. */
  #tellEnding(ending: Ending, offset = Number.POSITIVE_INFINITY): void {
    if (this.#ending !== null) return
    this.#ending = ending
    this.#events.onEnding(ending, offset)
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
    this.#events.onLeaderGone()
    if (!this.#ended) this.#forced = true
    this.#tellEnding({ kind: 'lost', number: 0, coreDumped: false })
    this.#exited.resolve()
    this.#finish()
  }

  #finish(): void {
    if (this.#ended) return
    this.#ended = true
    this.#events.onClosed(this.#forced ? 'forced' : 'closed')
    void this.#sweep()
  }

  /** What does not hold the terminal goes too, and the leader last, for it keeps the rest findable. */
  async #sweep(): Promise<void> {
    this.#left.signal('SIGHUP', 'SIGCONT')
    await this.#left.until(() => this.#left.none, LEFTOVER_GRACE_MS)
    await this.#left.kill(() => this.#left.none, KILL_MS)
    sendSignal(this.#child.pid, 'SIGKILL')
    this.#innards._socket.destroy()
    await this.#exited.promise
    this.#gone.resolve()
  }
}
