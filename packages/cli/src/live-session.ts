/** A session on this terminal, from attach to detach or end; shared by `attach` and `new`. */
import { constants } from 'node:os'
import type { Attachment, HoldfastClient, LinkState } from '@holdfast/client'
import { ERRORS, type ErrorCode, HoldfastError, type HostMessage } from '@holdfast/protocol'
import { DETACH_HINT, DetachKeys } from './detach-keys.ts'
import type { Io } from './io.ts'
import { LocalTerminal, sizeOf } from './local-terminal.ts'
import { QueryFilter } from './query-filter.ts'
import { StatusLine } from './status-line.ts'

/** Typed bytes on their way, above which nothing more is read, and below which reading goes on. */
const PAUSE_ABOVE = 1024 * 1024
const RESUME_BELOW = 512 * 1024
const LAST_SCREEN_LINES = 1000
const LINE_FEED = 0x0a
const LEAVING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

type Leaving = (typeof LEAVING)[number]

const codeOf = (closeCode: number): ErrorCode => {
  const codes = Object.keys(ERRORS) as ErrorCode[]
  return codes.find((code) => ERRORS[code].ws === closeCode) ?? 'INTERNAL'
}

/** As a shell tells it: 128 + n for signal n. */
const exitCodeOf = (exitCode: number | null, signal: string | null): number => {
  const numbers: Readonly<Record<string, number>> = constants.signals
  return exitCode ?? 128 + (numbers[`SIG${signal}`] ?? 0)
}

class LiveSession {
  readonly #client: HoldfastClient
  readonly #id: string
  readonly #io: Io
  readonly #terminal: LocalTerminal
  readonly #status: StatusLine
  readonly #attachment: Attachment
  readonly #keys: DetachKeys
  /** What the host grants may be less than what was asked for. */
  #mode: 'rw' | 'ro'
  #filter = new QueryFilter()
  #atLineStart = true
  #left: Leaving | null = null

  constructor(client: HoldfastClient, id: string, mode: 'rw' | 'ro', io: Io) {
    this.#client = client
    this.#id = id
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
        this.#show(bytes, parsed)
      },
      onState: (state) => this.#tell(state),
      onMessage: (message) => this.#heed(message),
    })
    this.#status = new StatusLine(io, () => {
      if (this.#terminal.shows) this.#attachment.forget() // what the line covers comes back with a snapshot
    })
    this.#keys = new DetachKeys(
      (bytes) => this.#type(bytes),
      () => this.#attachment.detach(),
    )
  }

  async run(): Promise<number> {
    const { stdin, stdout, stderr, signals } = this.#io
    const resize = (): void => {
      const { cols, rows } = sizeOf(stdout)
      if (cols !== undefined && rows !== undefined) this.#attachment.resize(cols, rows)
    }
    const typed = (chunk: Buffer): void => (this.#terminal.types ? this.#keys.push(chunk) : this.#type(chunk))
    const leave = (signal: Leaving): void => {
      this.#left = signal
      this.#attachment.detach()
    }
    if (this.#terminal.types) stderr.write(`[attaching to ${this.#id}; ${DETACH_HINT}]\n`)
    this.#terminal.enter()
    stdin.on('data', typed)
    stdout.on('resize', resize)
    for (const signal of LEAVING) signals.on(signal, leave)
    const state = await this.#attachment.ended
    await new Promise<void>((resolve) => stdout.write('', () => resolve()))
    for (const signal of LEAVING) signals.off(signal, leave)
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
    this.#io.stdout.write(shown, parsed) // back-pressure: acknowledged when it is written
  }

  #type(bytes: Buffer): void {
    if (this.#mode === 'ro') return
    this.#attachment.write(bytes)
    if (this.#attachment.unacknowledged > PAUSE_ABOVE) this.#io.stdin.pause()
  }

  #heed(message: HostMessage): void {
    if (message.type === 'attached') {
      this.#mode = message.mode
      this.#status.clear() // before anything is painted where it was
    }
    if (message.type === 'attached' && message.resume === 'fresh') {
      this.#filter = new QueryFilter()
      this.#terminal.clear()
    }
    const { stdin } = this.#io
    if (message.type === 'input-ack' && stdin.isPaused() && this.#attachment.unacknowledged < RESUME_BELOW)
      stdin.resume()
  }

  #tell(state: LinkState): void {
    if (state.kind === 'waiting')
      this.#status.set(`[reconnecting in ${Math.ceil(state.retryInMs / 1000)} s: ${state.reason}]`)
  }

  async #conclude(state: LinkState): Promise<number> {
    if (state.kind === 'ended') return this.#end(state.exitCode, state.signal)
    if (state.kind === 'closed' && state.code === 1000) {
      this.#io.stderr.write(`[detached from ${this.#id}]\n`)
      return this.#left === null ? 0 : exitCodeOf(null, this.#left.slice(3))
    }
    const { code, reason } = state.kind === 'closed' ? state : { code: 1006, reason: state.kind }
    const error = codeOf(code)
    if (error !== 'SESSION_ENDED') throw new HoldfastError(error, reason)
    return this.#showEnd()
  }

  #end(exitCode: number | null, signal: string | null): number {
    const how = signal === null ? `exit ${exitCode ?? 'unknown'}` : `signal ${signal}`
    this.#io.stderr.write(`[session ended: ${how}]\n`)
    return exitCodeOf(exitCode, signal)
  }

  /** The session was over before it could be shown: its last screen is what there is. */
  async #showEnd(): Promise<number> {
    const { exitCode = null, signal = null } = await this.#client.getSession(this.#id)
    const format = this.#terminal.shows ? 'ansi' : 'text'
    const screen = this.#attachment.offset > 0 ? '' : await this.#client.screen(this.#id, format, LAST_SCREEN_LINES)
    if (screen.trim() !== '') this.#io.stdout.write(`${screen.trimEnd()}\n`)
    return this.#end(exitCode, signal)
  }
}

/** Returns the exit code for the command line. */
export const liveSession = (client: HoldfastClient, id: string, mode: 'rw' | 'ro', io: Io): Promise<number> =>
  new LiveSession(client, id, mode, io).run()
