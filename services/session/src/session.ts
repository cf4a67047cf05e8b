/** One session: a command on a terminal, its stream, what is known of it (screen, shell, state), and those who view it. */
import { EventEmitter, once } from 'node:events'
import {
  type Changeable,
  type Claim,
  canonicalJson,
  type FinalScreen,
  type HostExit,
  type HostMessage,
  newEpoch,
  type Resources,
  resumed,
  type Sight,
  type SignalName,
  type TerminalColors,
  type TerminalEnd,
} from '@holdfast/protocol'
import { Activity, type Signs } from './activity.ts'
import { AgentWatch } from './agent-watch.ts'
import { Attachments, type Controls } from './attachments.ts'
import { type CommandEnd, exitOf, lastLine } from './command-end.ts'
import type { Ending } from './ending-mark.ts'
import { Expiry } from './expiry.ts'
import type { Launch } from './launch.ts'
import type { Taken } from './native-stream.ts'
import { OomWatch } from './oom.ts'
import { Pty, type PtyEvents } from './pty.ts'
import { ResizePacer } from './resize-pacer.ts'
import { Screen, type ScreenEvents } from './screen.ts'
import { Shell, type ShellEvents } from './shell/shell.ts'
import type { Size } from './size-policy.ts'
import { StateNews } from './state-news.ts'
import { Stream, type StreamEvents } from './stream.ts'
import type { Watched } from './viewer.ts'

/** Viewers who were sent away are gone by then, if they read. */
const PARTING_MS = 1_000
/** Without a viewer the screen is made so long after the claim: loading the terminal's code takes 15 ms of a start, 60 where the code is not compiled (docs/benchmarks.md). */
const UNSEEN_MS = 150

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
  oomKills: number
  exit: HostExit | null
}

interface SessionEvents {
  /** Something of the state below, besides activity. */
  change: []
  /** Whatever keeps it from being idle. */
  activity: []
  /** The screen has moved. */
  parsed: []
  /** The program in front does something else now. */
  agent: []
  /** Once. */
  exit: []
}

export class Session implements Watched, Controls {
  readonly claim: Claim
  readonly epoch = newEpoch()
  readonly startedAt = new Date().toISOString()
  readonly stream: Stream
  readonly shell: Shell
  readonly attachments: Attachments
  readonly activity: Activity
  readonly agent: AgentWatch
  readonly expiry: Expiry
  readonly events = new EventEmitter<SessionEvents>()
  readonly #pty: Pty
  readonly #oom: OomWatch
  readonly #news: StateNews
  readonly #resizes = new ResizePacer((size) => this.#resizeNow(size))
  readonly #state: SessionState
  #screen: Screen | null = null
  /** Screen and shell follow the stream. Until then it keeps what they have not had, and goes to the first viewer already. */
  #followed = false
  /** Set when the terminal was closed before that. */
  #closed: TerminalEnd | null = null
  /** Of who controls it. */
  #colors: TerminalColors | undefined
  /** Its screen when it was suspended. */
  #suspended: FinalScreen | null = null
  /** The program as it was started. */
  readonly #command: string
  readonly #ended = Promise.withResolvers<void>()
  #commandEnd: CommandEnd = { exitCode: null, signal: null }

  constructor({ claim, launch, hold, oomCounters }: SessionParts) {
    const { cols, rows } = claim
    this.claim = claim
    this.#command = launch.command
    this.#state = { cols, rows, oomKills: 0, exit: null }
    // Counts from before the command runs.
    this.#oom = new OomWatch(oomCounters, (kills) => this.#outOfMemory(kills))
    this.#pty = new Pty({ hold, ...launch, cols, rows }, this.#ptyEvents())
    const { fd, nonce } = this.#pty
    this.stream = new Stream(
      {
        fd,
        nonce,
        replayBytes: claim.replayBytes,
        first: claim.above === undefined ? undefined : Buffer.from(resumed(claim.above)),
      },
      this.#streamEvents(),
    )
    this.shell = new Shell(launch.cwd, this.#shellEvents())
    this.attachments = new Attachments(claim, this, this)
    this.activity = new Activity(this.#signs(), claim.idleSeconds, () => this.events.emit('activity'))
    this.expiry = new Expiry(claim, this.activity, {
      onWarning: (text) => this.attachments.say({ type: 'notice', level: 'warning', text }),
      onChange: () => this.events.emit('change'),
    })
    this.agent = new AgentWatch(
      (quietMs) => this.#sight(quietMs),
      claim.detectors ?? [],
      () => {
        this.events.emit('agent')
        this.events.emit('change')
      },
    )
    this.events.on('activity', () => this.expiry.active())
    this.#news = new StateNews((message) => {
      if (message.type === 'clipboard') this.attachments.sayController(message)
      else this.attachments.say(message)
    })
    this.events.setMaxListeners(0) // one for each watch and wait
    setTimeout(() => this.catchUp(), UNSEEN_MS)
  }

  /** Up to what was taken of the stream so far. */
  get screen(): Screen {
    if (this.#screen === null) {
      const { cols, rows } = this.#state
      const { scrollbackLines } = this.claim
      this.#screen = new Screen({ cols, rows, scrollbackLines, colors: this.#colors }, this.#screenEvents())
    }
    return this.#screen
  }

  get title(): string {
    return this.#screen?.title ?? ''
  }

  get state(): Readonly<SessionState> {
    return this.#state
  }

  /** Where its user is: as the shell told, else as the process in front has it. */
  get directory(): string {
    return this.shell.told ?? this.#pty.directory ?? this.shell.cwd
  }

  get inputFull(): boolean {
    return this.stream.state.inputFull
  }

  /** Resolves when no process of the session is left, and its end is known. */
  get gone(): Promise<void> {
    return this.#ended.promise
  }

  /** Does the command itself have the terminal, as a shell at its prompt? */
  get leaderInForeground(): boolean {
    return this.#pty.leaderInForeground
  }

  input(bytes: Buffer): void {
    this.stream.input(bytes)
  }

  /** Brings screen and shell up to what the stream holds now. */
  catchUp(): void {
    this.#followed = true
    this.#follow(this.stream.take())
    const closed = this.#closed
    this.#closed = null
    if (closed !== null) this.#end(closed)
  }

  seedColors(colors: TerminalColors): void {
    this.#colors = colors
    this.#screen?.seedColors(colors)
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
    // Behind what the first one is sent.
    if (!this.#followed) setImmediate(() => this.catchUp())
    this.activity.note('viewers')
    this.events.emit('change')
  }

  /** From now on. Time limits count from now, also the same ones again, but not when it is only renamed or labelled. */
  update(to: Changeable): void {
    const { name, labels, expiresAt, idleSeconds } = this.claim
    const renamed = canonicalJson({ name, labels }) !== canonicalJson({ name: to.name, labels: to.labels })
    Object.assign(this.claim, to)
    if (renamed && to.expiresAt === expiresAt && to.idleSeconds === idleSeconds) return
    this.activity.watch(to.idleSeconds)
    this.activity.note('extended')
    this.expiry.set(to)
  }

  get resources(): Resources {
    return this.#pty.resources
  }

  /** To the foreground process group. False when nothing there takes it. */
  signal(name: SignalName): Promise<boolean> {
    return this.#pty.signal(name)
  }

  /** Ends this incarnation, of which the screen as it is now remains; whoever looks on is sent away. Resolves when no process is left. */
  async suspend(graceMs: number): Promise<void> {
    if (this.#state.exit !== null || this.#suspended !== null) return this.gone
    this.#suspended = await this.#allFormats()
    this.#sendAway()
    return this.stop(graceMs)
  }

  /** Sends away whoever looks on. Resolves when they are gone, or soon after: who reads nothing does not hear it. */
  async dismiss(): Promise<void> {
    this.#sendAway()
    const late = AbortSignal.timeout(PARTING_MS)
    while (this.attachments.count > 0 && !late.aborted)
      await once(this.events, 'change', { signal: late }).catch(() => undefined)
  }

  #sendAway(): void {
    this.attachments.end('SESSION_SUSPENDED', 'the session was suspended; attach again to wake it')
  }

  /** In every format; of a suspended session as it was before its processes were told to go. */
  async finalScreen(): Promise<FinalScreen> {
    return this.#suspended ?? this.#allFormats()
  }

  get isSuspended(): boolean {
    return this.#suspended !== null
  }

  async #allFormats(): Promise<FinalScreen> {
    const render = (format: keyof FinalScreen) => this.screen.render(format, 0)
    const [text, ansi, html, json] = await Promise.all([render('text'), render('ansi'), render('html'), render('json')])
    return { text, ansi, html, json }
  }

  /** Ends the session; resolves when none of its processes is left. */
  async stop(graceMs: number): Promise<void> {
    await this.#pty.stop(graceMs)
    return this.gone
  }

  exitMessage(): HostMessage | null {
    const { exit } = this.#state
    if (exit === null) return null
    const { endedAt: _when, failure: _why, suspended: _how, ...end } = exit
    return { type: 'exit', ...end }
  }

  #ptyEvents(): PtyEvents {
    return {
      onLeaderGone: () => this.stream.drain(),
      onEnding: (ending, offset) => this.#commandEnded(ending, offset),
      onOutlasted: () => this.#outlasted(),
      onClosed: (ttyEnd) => {
        this.#closed = ttyEnd
        if (this.#followed) this.catchUp()
      },
    }
  }

  #sight(quietMs: number): Sight {
    const { log } = this.shell
    const pty = this.#pty
    return {
      lines: this.screen.visibleText().split('\n'),
      quietMs,
      job: pty.job,
      get leads() {
        return pty.leaderInForeground
      },
      shell: log.marked ? { atPrompt: log.atPrompt, command: log.running?.command ?? null } : null,
    }
  }

  #signs(): Signs {
    return {
      bytesAt: () => this.stream.state.activeMs,
      cpuMs: () => this.#pty.cpuMs,
      hasJob: () => this.#pty.jobInForeground && this.stream.tty.canonical,
    }
  }

  #streamEvents(): StreamEvents {
    return {
      onOutput: () => {
        if (this.#followed) this.catchUp()
      },
      onMark: (mark) => this.#pty.heed(mark),
      onHungUp: () => this.#pty.hungUp(),
      onActivity: () => this.events.emit('activity'),
      onInputBlocked: (blocked, waiting) => this.attachments.inputBlocked(blocked, waiting),
      onTty: (modes) => this.attachments.ttyChanged(modes),
    }
  }

  #screenEvents(): ScreenEvents {
    return {
      catchUp: () => this.catchUp(),
      onReply: (text) => this.stream.reply(text),
      onTitle: (title) => this.#changed({ type: 'title', title }),
      onBell: () => this.#news.tell({ type: 'bell' }),
      onParsed: () => {
        this.agent.moved()
        this.events.emit('parsed')
      },
    }
  }

  #follow({ bytes, offset, lineAt }: Taken): void {
    const before = lineAt === undefined ? 0 : Math.max(0, bytes.length - (offset - lineAt))
    this.shell.output(bytes.subarray(0, before), offset - (bytes.length - before))
    if (lineAt !== undefined) this.shell.log.lineEntered()
    this.shell.output(bytes.subarray(before), offset)
    if (bytes.length > 0) this.screen.write(bytes, offset)
    this.stream.forgetting(this.screen.forgetsAfter)
  }

  #resizeNow({ cols, rows }: Size): boolean {
    if (this.#state.exit !== null || (cols === this.#state.cols && rows === this.#state.rows)) return false
    const taken = this.stream.resize(cols, rows)
    this.#follow(taken)
    this.screen.resize(cols, rows)
    this.stream.forgetting(this.screen.forgetsAfter)
    Object.assign(this.#state, { cols, rows })
    this.attachments.resized(cols, rows, taken.offset)
    this.events.emit('change')
    return true
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

  /** A line that is part of the stream like any other, so that offsets stay one truth for all viewers. */
  #say(text: string): void {
    this.stream.print(Buffer.from(`\r\n[holdfast] ${text}\r\n`))
  }

  #outOfMemory(kills: number): void {
    this.#state.oomKills += kills
    const text = 'a process was killed: out of memory'
    this.#say(text)
    this.attachments.say({ type: 'notice', level: 'warning', text })
    this.events.emit('change')
  }

  /** What follows in the stream comes from processes that it left behind. */
  #commandEnded(ending: Ending, offset: number): void {
    this.#commandEnd = { ...exitOf(ending), leaderOffset: Math.min(offset, this.stream.end) }
    const line = lastLine(ending, this.#command)
    if (line !== null) this.#say(line)
  }

  #outlasted(): void {
    const { exitCode, signal } = this.#commandEnd
    const text = `the command has ended with ${signal ?? exitCode}; waiting for background processes`
    this.attachments.say({ type: 'notice', level: 'info', text })
  }

  #end(ttyEnd: TerminalEnd): void {
    this.#oom.check()
    this.#oom.stop()
    this.activity.stop()
    this.agent.stop()
    this.expiry.stop()
    this.catchUp()
    const offset = this.stream.end
    this.shell.log.close(offset)
    const endedAt = new Date().toISOString()
    const suspended = this.isSuspended ? { suspended: true } : {}
    this.#state.exit = { ...this.#commandEnd, ...suspended, offset, ttyEnd, endedAt }
    this.#ended.resolve(this.#pty.gone)
    this.#news.flush()
    this.stream.finish()
    this.events.emit('exit')
    this.events.emit('change')
  }
}
