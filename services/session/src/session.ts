/** One session: the command's output goes to replay buffer, viewers and screen; input, size and signals go to the command. */
import { EventEmitter } from 'node:events'
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import {
  type Claim,
  type HostExit,
  type HostMessage,
  newEpoch,
  type SignalName,
  type TerminalEnd,
} from '@holdfast/protocol'
import { Attachments, type Controls } from './attachments.ts'
import type { Ending } from './ending-mark.ts'
import type { Launch } from './launch.ts'
import { OomWatch } from './oom.ts'
import { Pty } from './pty.ts'
import { ReplayBuffer } from './replay-buffer.ts'
import { ResizePacer } from './resize-pacer.ts'
import { Screen } from './screen.ts'
import { Shell, type ShellEvents } from './shell/shell.ts'
import type { Size } from './size-policy.ts'
import { StateNews } from './state-news.ts'
import type { Stream } from './viewer.ts'

export interface SessionParts {
  claim: Claim
  launch: Launch
  /** Path of the session leader. */
  hold: string
  /** Files that count out-of-memory kills. */
  oomCounters: readonly string[]
}

interface SessionState {
  cols: number
  rows: number
  /** Unix time of the last input, output or change of viewers, milliseconds. */
  activeAt: number
  oomKills: number
  exit: HostExit | null
}

interface SessionEvents {
  /** Something of the state below, besides activity. */
  change: []
  /** Input or output. */
  activity: []
  /** The screen has moved. */
  parsed: []
  /** Once. */
  exit: []
}

const LEADER_LOST = "the session's leader was killed: how the command ended is not known"
const CR = 0x0d
const LF = 0x0a

const signalName = (number: number): string => {
  const found = Object.entries(constants.signals).find(([, value]) => value === number)
  return found?.[0].replace(/^SIG/, '') ?? String(number)
}

/** As shells have it: 127 for a command that is not there, 126 for one that cannot be run. */
const notStartedCode = (errno: number): number => (errno === constants.errno.ENOENT ? 127 : 126)

type CommandEnd = Omit<HostExit, 'offset' | 'ttyEnd' | 'endedAt'>

const exitOf = ({ kind, number, coreDumped }: Ending): CommandEnd => {
  if (kind === 'exit') return { exitCode: number, signal: null }
  if (kind === 'not-started') return { exitCode: notStartedCode(number), signal: null }
  if (kind === 'lost') return { exitCode: null, signal: null, failure: LEADER_LOST }
  return { exitCode: null, signal: signalName(number), ...(coreDumped ? { coreDumped } : {}) }
}

/** What the screen must say, because the command could not. */
const lastLine = ({ kind, number }: Ending, command: string): string | null => {
  if (kind === 'not-started') return `"${command}" could not be started: ${getSystemErrorName(-number)}`
  return kind === 'lost' ? LEADER_LOST : null
}

export class Session implements Stream, Controls {
  readonly claim: Claim
  readonly epoch = newEpoch()
  readonly startedAt = new Date().toISOString()
  readonly replay: ReplayBuffer
  readonly screen: Screen
  readonly shell: Shell
  readonly attachments: Attachments
  readonly events = new EventEmitter<SessionEvents>()
  readonly #pty: Pty
  readonly #oom: OomWatch
  readonly #news: StateNews
  readonly #resizes = new ResizePacer((size) => this.#resizeNow(size))
  readonly #state: SessionState
  #commandEnd: CommandEnd = { exitCode: null, signal: null }

  constructor({ claim, launch, hold, oomCounters }: SessionParts) {
    const { cols, rows, scrollbackLines } = claim
    this.claim = claim
    this.#state = { cols, rows, activeAt: Date.now(), oomKills: 0, exit: null }
    this.replay = new ReplayBuffer(claim.replayBytes)
    this.attachments = new Attachments(claim, this, this)
    this.#news = new StateNews((message) => {
      if (message.type === 'clipboard') this.attachments.sayController(message)
      else this.attachments.say(message)
    })
    this.shell = new Shell(launch.cwd, this.#shellEvents())
    this.screen = new Screen({ cols, rows, scrollbackLines }, this.#screenEvents())
    this.#oom = new OomWatch(oomCounters, (kills) => this.#outOfMemory(kills))
    this.events.setMaxListeners(0) // one for each watch and wait
    this.#pty = new Pty(
      { hold, ...launch, cols, rows },
      {
        onOutput: (bytes) => this.#output(bytes),
        onInputBlocked: (blocked, waiting) => this.attachments.inputBlocked(blocked, waiting),
        onDrain: () => this.attachments.releaseInput(),
        onEnding: (ending) => this.#commandEnded(ending),
        onOutlasted: () => this.#outlasted(),
        onClosed: (ttyEnd) => this.#end(ttyEnd),
      },
    )
  }

  get state(): Readonly<SessionState> {
    return this.#state
  }

  get inputFull(): boolean {
    return this.#pty.inputFull
  }

  /** Resolves when no process of the session is left. */
  get gone(): Promise<void> {
    return this.#pty.gone
  }

  /** Does the command itself have the terminal, as a shell at its prompt? */
  get leaderInForeground(): boolean {
    return this.#pty.leaderInForeground
  }

  input(bytes: Buffer): void {
    this.#pty.write(bytes)
    if (bytes.includes(CR) || bytes.includes(LF)) this.shell.log.lineEntered()
    this.#active()
  }

  /** At once, or a moment later in a storm of changes. */
  resize(cols: number, rows: number): void {
    this.#resizes.want({ cols, rows })
  }

  size(): { cols: number; rows: number } {
    const { cols, rows } = this.#state
    return { cols, rows }
  }

  viewersChanged(): void {
    this.#active()
    this.events.emit('change')
  }

  /** To the foreground process group. False when nothing there takes it. */
  signal(name: SignalName): boolean {
    return this.#pty.signal(name)
  }

  /** Ends the session; resolves when none of its processes is left. */
  stop(graceMs: number): Promise<void> {
    return this.#pty.stop(graceMs)
  }

  exitMessage(): HostMessage | null {
    const { exit } = this.#state
    if (exit === null) return null
    const { endedAt: _when, failure: _why, ...end } = exit
    return { type: 'exit', ...end }
  }

  #active(): void {
    this.#state.activeAt = Date.now()
    this.events.emit('activity')
  }

  #resizeNow({ cols, rows }: Size): boolean {
    if (this.#state.exit !== null || (cols === this.#state.cols && rows === this.#state.rows)) return false
    this.#pty.resize(cols, rows)
    this.screen.resize(cols, rows)
    Object.assign(this.#state, { cols, rows })
    this.attachments.resized(cols, rows, this.replay.end)
    this.events.emit('change')
    return true
  }

  /** The bytes are overwritten later. */
  #output(bytes: Buffer): void {
    const kept = this.replay.append(bytes, this.attachments.needed)
    this.attachments.outputGrew(bytes.length)
    for (const piece of kept) {
      this.screen.write(piece)
      this.shell.output(piece)
    }
    this.#active()
  }

  #screenEvents() {
    return {
      onReply: (text: string) => this.#pty.reply(text),
      onTitle: (title: string) => this.#changed({ type: 'title', title }),
      onBell: () => this.#news.tell({ type: 'bell' }),
      onParsed: () => this.events.emit('parsed'),
    }
  }

  #shellEvents(): ShellEvents {
    return {
      onCwd: (cwd) => this.#changed({ type: 'cwd', cwd }),
      onCommand: (command) => {
        this.#news.tell({ type: 'command', ...command })
        // Watchers of the status need to know only whether there are any.
        if (command.id === 1) this.events.emit('change')
      },
      onNotice: (level, text, title) =>
        this.attachments.say({ type: 'notice', level, text, ...(title === undefined ? {} : { title }) }),
      onClipboard: (write) => {
        if (this.claim.clipboard === 'controller') this.#news.tell({ type: 'clipboard', ...write })
      },
    }
  }

  #changed(message: HostMessage): void {
    this.#news.tell(message)
    this.events.emit('change')
  }

  /** The line is part of the stream like any other, so that offsets stay one truth for all viewers. */
  #outOfMemory(kills: number): void {
    this.#state.oomKills += kills
    const text = 'a process was killed: out of memory'
    this.#output(Buffer.from(`\r\n[holdfast] ${text}\r\n`))
    this.attachments.say({ type: 'notice', level: 'warning', text })
    this.events.emit('change')
  }

  /** What follows in the stream comes from processes that it left behind. */
  #commandEnded(ending: Ending): void {
    this.#commandEnd = { ...exitOf(ending), leaderOffset: this.replay.end }
    const line = lastLine(ending, this.claim.command)
    if (line !== null) this.#output(Buffer.from(`\r\n[holdfast] ${line}\r\n`))
  }

  #outlasted(): void {
    const { exitCode, signal } = this.#commandEnd
    const text = `the command has ended with ${signal ?? exitCode}; waiting for background processes`
    this.attachments.say({ type: 'notice', level: 'info', text })
  }

  #end(ttyEnd: TerminalEnd): void {
    this.#oom.check()
    this.#oom.stop()
    this.shell.log.close(this.replay.end)
    const endedAt = new Date().toISOString()
    this.#state.exit = { ...this.#commandEnd, offset: this.replay.end, ttyEnd, endedAt }
    this.#news.flush()
    this.attachments.pump()
    this.events.emit('exit')
    this.events.emit('change')
  }
}
