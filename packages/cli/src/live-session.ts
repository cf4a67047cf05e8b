/** A session on this terminal, from attach to detach or end; shared by `attach`, `new` and `run`. */
import { type LinkState, type Prediction, QueryFilter } from '@holdfast/client'
import { type AttachedMessage, ERRORS, type ErrorCode, HoldfastError, type HostMessage } from '@holdfast/protocol'
import type { LiveAttachment, SessionApi } from '@holdfast/session-manager'
import { clipboardWrite } from './clipboard.ts'
import { COLOR_QUERY, ColorProbe } from './color-probe.ts'
import { DetachKeys, type Keys } from './detach-keys.ts'
import { exitCodeOf } from './exit-code.ts'
import { type Io, type Leaving, onLeaving } from './io.ts'
import { LocalTerminal, sizeOf, windowOf } from './local-terminal.ts'
import { LiveEcho, loadModel, type NewModel } from './predict/live-echo.ts'
import { StatusLine } from './status-line.ts'

/** Typed bytes on their way, above which nothing more is read, and below which reading goes on. */
const PAUSE_ABOVE = 1024 * 1024
const RESUME_BELOW = 512 * 1024
const LAST_SCREEN_LINES = 1000
/** An attach that takes longer than this wakes a suspended session, or waits for one that starts. */
const WAKING_MS = 300
const LINE_FEED = 0x0a

const codeOf = (closeCode: number): ErrorCode => {
  const codes = Object.keys(ERRORS) as ErrorCode[]
  return codes.find((code) => ERRORS[code].ws === closeCode) ?? 'INTERNAL'
}

export type Sessions = Pick<SessionApi, 'attach' | 'getSession' | 'screen' | 'signal'>

export interface LiveOptions {
  mode: 'rw' | 'ro'
  keys: Keys
  /** Take the control of the size and the clipboard from whoever has it. */
  steal?: boolean
  /** The session is this call's own: nothing is said of it, Ctrl-C is its, and what ends us ends it. */
  own?: boolean
  /** Show typed keys before their echo comes. Default: never. */
  predict?: Prediction
}

/** `exitCode`: for the command line. `ended`: the session has, and was not left. */
export interface Outcome {
  exitCode: number
  ended: boolean
}

class LiveSession {
  readonly #client: Sessions
  readonly #options: LiveOptions
  readonly #id: string
  readonly #io: Io
  readonly #terminal: LocalTerminal
  readonly #status: StatusLine
  readonly #attachment: LiveAttachment
  readonly #keys: DetachKeys
  readonly #echo: LiveEcho | null
  /** What the host grants may be less than what was asked for. */
  #mode: 'rw' | 'ro'
  #filter = new QueryFilter()
  #atLineStart = true
  #left: Leaving | null = null
  #probe: ColorProbe | null = null
  #attached = false
  #controls = false
  /** To be written to the local terminal when no sequence of the session is half shown there. */
  #clipboard = ''

  constructor(client: Sessions, id: string, options: LiveOptions, io: Io, newModel: NewModel | null) {
    const { mode, predict = 'never' } = options
    this.#client = client
    this.#id = id
    this.#options = options
    this.#mode = mode
    this.#io = io
    this.#terminal = new LocalTerminal(io)
    this.#attachment = client.attach(id, {
      mode,
      ...sizeOf(io.stdout),
      onOutput: (bytes, parsed) => this.#show(bytes, parsed),
      onSnapshot: (bytes, _size, parsed) => {
        this.#filter = new QueryFilter()
        this.#terminal.reset()
        this.#echo?.reset(windowOf(io.stdout))
        this.#show(bytes, parsed)
      },
      onState: (state) => this.#tell(state),
      onMessage: (message) => this.#heed(message),
    })
    // What the line covers comes back with a snapshot: at the next connect, which a line shown while attached has to bring about.
    this.#status = new StatusLine(io, {
      onShow: () => this.#terminal.shows && this.#attachment.forget(),
      onHide: () => this.#terminal.shows && this.#attached && this.#attachment.reconnect(),
    })
    const write = (text: string): void => void io.stdout.write(text)
    this.#echo = newModel === null ? null : new LiveEcho(predict, newModel, this.#attachment, write)
    this.#keys = new DetachKeys(options.keys, {
      type: (bytes) => this.#type(bytes),
      detach: () => this.#attachment.detach(),
      status: () => void this.#tellStatus(),
    })
  }

  async run(): Promise<Outcome> {
    const { stdin, stdout, stderr } = this.#io
    const resize = (): void => {
      const { cols, rows } = sizeOf(stdout)
      this.#echo?.resize(windowOf(stdout))
      if (cols !== undefined && rows !== undefined) this.#attachment.resize(cols, rows)
    }
    const typed = (chunk: Buffer): void => {
      if (this.#probe !== null) this.#probe.push(chunk)
      else if (this.#terminal.types) this.#keys.push(chunk)
      else this.#type(chunk)
    }
    const leave = (signal: Leaving): void => {
      if (own && signal === 'SIGINT') {
        void this.#client.signal(this.#id, 'INT').catch(() => {}) // of a command that has ended, or ignores it
        return
      }
      this.#left = signal
      this.#attachment.detach()
    }
    const { own = false, keys } = this.#options
    if (this.#terminal.types && !own) stderr.write(`[attaching to ${this.#id}; ${keys.hint}]\n`)
    this.#terminal.enter()
    const waking = setTimeout(() => void this.#showBefore(), WAKING_MS)
    stdin.on('data', typed)
    stdin.resume() // whoever had it before has paused it
    stdout.on('resize', resize)
    const unheard = onLeaving(this.#io, leave)
    const state = await this.#attachment.ended
    clearTimeout(waking)
    this.#attached = false
    this.#echo?.end()
    await new Promise<void>((resolve) => stdout.write('', () => resolve()))
    await this.#probe?.drain()
    unheard()
    stdout.off('resize', resize)
    stdin.off('data', typed)
    this.#status.clear()
    this.#terminal.leave(this.#atLineStart)
    return this.#conclude(state)
  }

  #show(bytes: Uint8Array, parsed: () => void): void {
    const shown = this.#filter.push(bytes)
    if (shown.length === 0) {
      parsed()
      return
    }
    this.#atLineStart = shown.at(-1) === LINE_FEED
    this.#io.stdout.write(this.#echo?.output(shown) ?? shown, parsed) // back-pressure: acknowledged when it is written
    this.#copy()
  }

  /** What a session showed before it was suspended, until it runs again and shows it itself. */
  async #showBefore(): Promise<void> {
    if (this.#attachment.offset > 0 || this.#attached || !this.#terminal.shows) return
    const screen = await this.#client.screen(this.#id, 'ansi').catch(() => '')
    if (screen.trim() === '' || this.#attached || this.#attachment.offset > 0) return
    this.#io.stdout.write(`${screen.trimEnd()}\r\n`)
  }

  /** The answer may take its time: until then the host answers with colours of its own. */
  #askColors(): void {
    if (this.#probe !== null || this.#mode === 'ro' || !this.#terminal.types || !this.#terminal.shows) return
    this.#io.stdout.write(COLOR_QUERY)
    this.#probe = new ColorProbe(
      (keys) => this.#keys.push(keys),
      (colors) => this.#attachment.colors(colors),
    )
  }

  #copyLater(selection: string, data: string): void {
    if (!this.#terminal.shows) return
    this.#clipboard = clipboardWrite(selection, data) || this.#clipboard
    this.#copy()
  }

  #copy(): void {
    if (this.#clipboard === '' || this.#filter.insideString) return
    this.#io.stdout.write(this.#clipboard)
    this.#clipboard = ''
  }

  #type(bytes: Buffer): void {
    if (this.#mode === 'ro') return
    this.#attachment.write(bytes)
    this.#echo?.typed(bytes)
    if (this.#attachment.unacknowledged > PAUSE_ABOVE) this.#io.stdin.pause()
  }

  #heed(message: HostMessage): void {
    switch (message.type) {
      case 'attached':
        this.#begin(message)
        break
      case 'input-ack':
        this.#acknowledged()
        break
      case 'tty':
        this.#echo?.modes(message)
        break
      case 'control':
        this.#controlled(message.controller)
        break
      case 'clipboard':
        this.#copyLater(message.selection, message.data)
        break
      case 'notice':
        this.#status.notice(message.title ? `[${message.title}: ${message.text}]` : `[${message.text}]`)
        break
      case 'input':
        if (message.blocked) this.#status.set(`[the program does not read its input: ${message.waiting} bytes wait]`)
        else this.#status.clear()
        break
    }
  }

  #begin({ mode, resume, controller }: AttachedMessage): void {
    this.#mode = mode
    this.#controls = controller === this.#attachment.client
    this.#status.clear() // before anything is painted where it was
    if (resume === 'fresh') {
      this.#filter = new QueryFilter()
      this.#terminal.clear()
      this.#echo?.reset(windowOf(this.#io.stdout))
    }
    this.#askColors()
  }

  /** On demand: what this is, how far away, and who else looks. */
  async #tellStatus(): Promise<void> {
    const rtt = await this.#attachment.ping().then(
      (ms) => `${ms.toFixed(1)} ms away`,
      () => 'not connected',
    )
    const session = await this.#client.getSession(this.#id).catch(() => null)
    const seen =
      session === null ? '' : ` · ${session.name} · ${session.cols}x${session.rows} · ${session.viewers} here`
    const doing = session?.agent === undefined ? '' : ` · ${session.agent.name} ${session.agent.state}`
    this.#status.notice(`[${this.#id}${seen}${doing} · ${rtt} · ${this.#options.keys.hint}]`)
  }

  #acknowledged(): void {
    this.#echo?.acknowledged()
    const { stdin } = this.#io
    if (stdin.isPaused() && this.#attachment.unacknowledged < RESUME_BELOW) stdin.resume()
  }

  #controlled(controller: string | null): void {
    const lost = this.#controls && controller !== null && controller !== this.#attachment.client
    this.#controls = controller === this.#attachment.client
    if (lost) this.#status.notice('[someone else has taken control of the size; attach again to take it back]')
  }

  #tell(state: LinkState): void {
    this.#attached = state.kind === 'attached'
    if (this.#attached) this.#echo?.attached()
    else this.#echo?.interrupt()
    if (this.#attached && this.#options.steal && this.#mode === 'rw') this.#attachment.control('take')
    if (state.kind === 'waiting')
      this.#status.set(`[reconnecting in ${Math.ceil(state.retryInMs / 1000)} s: ${state.reason}]`)
  }

  async #conclude(state: LinkState): Promise<Outcome> {
    if (state.kind === 'ended') return this.#end(state.exitCode, state.signal, state.coreDumped)
    if (state.kind === 'closed' && state.code === 1000) {
      if (!this.#options.own || this.#left === null) this.#io.stderr.write(`[detached from ${this.#id}]\n`)
      return { exitCode: this.#left === null ? 0 : exitCodeOf(null, this.#left.slice(3)), ended: false }
    }
    const { code, reason } = state.kind === 'closed' ? state : { code: 1006, reason: state.kind }
    const error = codeOf(code)
    if (error !== 'SESSION_ENDED') throw new HoldfastError(error, reason)
    return this.#showEnd()
  }

  #end(exitCode: number | null, signal: string | null, coreDumped = false): Outcome {
    const how = signal === null ? `exit ${exitCode ?? 'unknown'}` : `signal ${signal}`
    if (!this.#options.own) this.#io.stderr.write(`[session ended: ${how}${coreDumped ? ' (core dumped)' : ''}]\n`)
    return { exitCode: exitCodeOf(exitCode, signal), ended: true }
  }

  /** The session was over before it could be shown: its last screen is what there is. */
  async #showEnd(): Promise<Outcome> {
    const { exitCode = null, signal = null } = await this.#client.getSession(this.#id)
    const format = this.#terminal.shows ? 'ansi' : 'text'
    const screen = this.#attachment.offset > 0 ? '' : await this.#client.screen(this.#id, format, LAST_SCREEN_LINES)
    if (screen.trim() !== '') this.#io.stdout.write(`${screen.trimEnd()}\n`)
    return this.#end(exitCode, signal)
  }
}

export const liveSession = async (client: Sessions, id: string, options: LiveOptions, io: Io): Promise<Outcome> => {
  const types = options.mode === 'rw' && io.stdin.isTTY && io.stdout.isTTY
  const newModel = types && (options.predict ?? 'never') !== 'never' ? await loadModel() : null
  return new LiveSession(client, id, options, io, newModel).run()
}
