/** A live view of a pane: what recreates it, then what it writes, over one client in control mode. */
import type { AttachOptions } from '@holdfast/client'
import { ERRORS, HoldfastError, type HostMessage, randomId, type SignalName } from '@holdfast/protocol'
import type { LiveAttachment } from '../api.ts'
import { Control } from './control.ts'
import { type Exit, Exits } from './exits.ts'
import { endsAs, takeState } from './snapshot.ts'
import { quoted, type Tmux } from './tmux.ts'

type LinkState = Awaited<LiveAttachment['ended']>

/** What a view needs of the sessions it is one of. */
export interface PaneApi {
  tmux: Tmux
  input(id: string, data: Uint8Array): Promise<void>
  resize(id: string, cols: number, rows: number): Promise<void>
  signal(id: string, name: SignalName): Promise<void>
}

/** Delivered and not parsed: of more nothing is read, and tmux pauses the pane for this client when that lasts for PAUSE_SECONDS. */
const WINDOW_BYTES = 1024 * 1024
const PAUSE_SECONDS = 2
/** Of the output, to see whether its end is that of the screen. */
const TAIL_BYTES = 4096

const encoder = new TextEncoder()

export class TmuxAttachment implements LiveAttachment {
  readonly client: string
  readonly ended: Promise<LinkState>
  readonly #id: string
  readonly #api: PaneApi
  readonly #options: AttachOptions
  readonly #finish: (state: LinkState) => void
  #control: Control | null = null
  #exits: Exits | null = null
  #offset = 0
  #unparsed = 0
  #untyped = 0
  /** A snapshot comes first: what is written before it is in it. */
  #live = false
  #paused: string | null = null
  #over = false
  /** The last bytes that were delivered. */
  #tail: Buffer = Buffer.alloc(0)
  /** What is typed goes out in order. */
  #typing: Promise<void> = Promise.resolve()

  constructor(api: PaneApi, id: string, options: AttachOptions) {
    const { promise, resolve } = Promise.withResolvers<LinkState>()
    this.client = options.client ?? randomId(16)
    this.ended = promise
    this.#finish = resolve
    this.#id = id
    this.#api = api
    this.#options = options
    queueMicrotask(() => void this.#start()) // callbacks come when the caller holds this object
  }

  get offset(): number {
    return this.#offset
  }

  /** Typed, and not taken by tmux yet. */
  get unacknowledged(): number {
    return this.#untyped
  }

  write(data: string | Uint8Array): void {
    if (this.#over) return
    this.#refuseReadOnly()
    const bytes = typeof data === 'string' ? encoder.encode(data) : data
    this.#untyped += bytes.length
    // A command that has ended takes nothing; its end is told otherwise.
    this.#typing = this.#typing
      .then(() => this.#api.input(this.#id, bytes))
      .catch(() => {})
      .then(() => {
        this.#untyped -= bytes.length
        this.#tell({ type: 'input-ack', offset: 0 })
      })
  }

  resize(cols: number, rows: number): void {
    if (this.#options.mode === 'ro' || this.#over) return
    void this.#api.resize(this.#id, cols, rows).catch(() => {})
  }

  signal(name: SignalName): void {
    this.#refuseReadOnly()
    void this.#api.signal(this.#id, name).catch(() => {})
  }

  /** Everybody who may type controls. */
  control(): void {
    this.#refuseReadOnly()
  }

  /** tmux itself answers programs that ask for colours. */
  colors(): void {}

  /** Milliseconds for a command of tmux. */
  async ping(): Promise<number> {
    const sentAt = performance.now()
    if (this.#control === null) throw new HoldfastError('HOST_UNREACHABLE', 'not attached at the moment')
    await this.#control.run('display-message -p pong')
    return performance.now() - sentAt
  }

  /** Nothing is kept that a repaint would not paint. */
  forget(): void {}

  /** Paints everything anew. */
  reconnect(): void {
    this.#live = false
    void this.#repaint().catch(() => this.#gone())
  }

  detach(): void {
    this.#end({ kind: 'closed', code: 1000, reason: 'detached' })
  }

  #refuseReadOnly(): void {
    if (this.#options.mode === 'ro') throw new HoldfastError('READ_ONLY', 'this attachment is read-only')
  }

  async #start(): Promise<void> {
    const { cols, rows, mode = 'rw', onState } = this.#options
    onState?.({ kind: 'connecting' })
    try {
      if (mode === 'rw' && cols !== undefined && rows !== undefined) await this.#api.resize(this.#id, cols, rows)
      const events = {
        onOutput: (bytes: Buffer) => this.#output(bytes),
        onNotice: (line: string) => this.#notice(line),
        onEnd: () => this.#gone(),
      }
      this.#control = await Control.attach(this.#api.tmux, this.#id, [`pause-after=${PAUSE_SECONDS}`], events)
      if (this.#over) return this.#control.close()
      this.#exits = await Exits.of(this.#api.tmux, this.#control, this.#id, (exit) => void this.#exited(exit))
      await this.#repaint()
    } catch (error) {
      const failure =
        error instanceof HoldfastError ? error : new HoldfastError('INTERNAL', String(error), { cause: error })
      this.#end({ kind: 'closed', code: failure.closeCode, reason: failure.message })
    }
  }

  async #repaint(...before: readonly string[]): Promise<void> {
    if (this.#control === null) return
    const { cols, rows, title, bytes } = await takeState(this.#control, this.#id, ...before)
    if (this.#over) return
    this.#live = true
    this.#begin(cols, rows)
    this.#show(bytes, { cols, rows, offset: this.#offset })
    if (title !== '') this.#tell({ type: 'title', title })
    this.#exits?.look()
  }

  #show(bytes: Buffer, at: { cols: number; rows: number; offset: number }): void {
    const { onSnapshot, onOutput } = this.#options
    const parsed = this.#deliver(bytes)
    if (onSnapshot) onSnapshot(bytes, at, parsed)
    else onOutput(bytes, parsed)
  }

  /** tmux forgets what a client has not been sent when the command ends: then the last screen is painted, lines above it included. */
  async #exited(exit: Exit): Promise<void> {
    const last = this.#control === null ? null : await takeState(this.#control, this.#id).catch(() => null)
    if (last !== null && !this.#over && !endsAs(this.#tail, last.bytes)) {
      this.#show(last.bytes, { cols: last.cols, rows: last.rows, offset: this.#offset })
    }
    this.#end({ kind: 'ended', ...exit })
  }

  #begin(cols: number, rows: number): void {
    const [session, mode] = [this.#id, this.#options.mode ?? 'rw']
    const at = { epoch: session, offset: this.#offset, resume: 'snapshot', inputOffset: 0 } as const
    this.#tell({ type: 'attached', session, ...at, mode, cols, rows, controller: null })
    this.#options.onState?.({ kind: 'attached', resume: 'snapshot', controller: null })
  }

  #output(bytes: Buffer): void {
    this.#exits?.look()
    if (!this.#live || this.#over) return
    this.#offset += bytes.length
    this.#options.onOutput(bytes, this.#deliver(bytes))
  }

  /** Counts bytes that are on their way; returns what is called once they are parsed. */
  #deliver(bytes: Buffer): () => void {
    const size = bytes.length
    this.#tail = Buffer.from((size < TAIL_BYTES ? Buffer.concat([this.#tail, bytes]) : bytes).subarray(-TAIL_BYTES))
    this.#unparsed += size
    if (this.#unparsed > WINDOW_BYTES) this.#control?.pause()
    let done = false
    return () => {
      if (done) return
      done = true
      this.#unparsed -= size
      if (this.#unparsed <= WINDOW_BYTES) this.#control?.resume()
      if (this.#unparsed === 0 && this.#paused !== null) void this.#goOn(this.#paused)
    }
  }

  #notice(line: string): void {
    const [word, pane] = line.split(' ')
    // Without a reason: the session was ended.
    if (line === '%exit') this.#end({ kind: 'ended', exitCode: null, signal: null })
    else if (word === '%pause' && pane !== undefined) {
      this.#live = false
      this.#paused = pane
      if (this.#unparsed === 0) void this.#goOn(pane)
    } else this.#exits?.hear(line)
  }

  /** tmux has dropped what this client was too slow for. */
  async #goOn(pane: string): Promise<void> {
    this.#paused = null
    await this.#repaint(`refresh-client -A ${quoted(`${pane}:continue`)}`).catch(() => this.#gone())
  }

  #tell(message: HostMessage): void {
    this.#options.onMessage?.(message)
  }

  #gone(): void {
    this.#end({
      kind: 'closed',
      code: ERRORS.SESSION_NOT_FOUND.ws,
      reason: `session ${this.#id} is gone, or its tmux server`,
    })
  }

  #end(state: LinkState): void {
    if (this.#over) return
    this.#over = true
    this.#control?.close()
    if (state.kind === 'ended') {
      const { exitCode, signal } = state
      this.#tell({ type: 'exit', exitCode, signal, offset: this.#offset })
    }
    this.#options.onState?.(state)
    this.#finish(state)
  }
}
