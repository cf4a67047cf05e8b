/** A live view of a pane: what recreates it, then what it writes, over one client in control mode. */
import type { AttachOptions } from '@holdfast/client'
import { ERRORS, HoldfastError, type HostMessage, randomId, type SignalName } from '@holdfast/protocol'
import type { LiveAttachment } from '../api.ts'
import { Backlog, STALL_SECONDS } from './backlog.ts'
import { Control } from './control.ts'
import { type Exit, Exits } from './exits.ts'
import { takeState } from './snapshot.ts'
import { Tail } from './tail.ts'
import { quoted, type Tmux } from './tmux.ts'
import { Typing } from './typing.ts'

type LinkState = Awaited<LiveAttachment['ended']>

/** What a view needs of the sessions it is one of. */
export interface PaneApi {
  tmux: Tmux
  input(id: string, data: Uint8Array): Promise<void>
  resize(id: string, cols: number, rows: number): Promise<void>
  signal(id: string, name: SignalName): Promise<void>
}

export class TmuxAttachment implements LiveAttachment {
  readonly client: string
  readonly ended: Promise<LinkState>
  readonly #id: string
  readonly #api: PaneApi
  readonly #options: AttachOptions
  readonly #finish: (state: LinkState) => void
  readonly #typing: Typing
  readonly #backlog = new Backlog({
    onFull: () => this.#control?.pause(),
    onRoom: () => this.#control?.resume(),
    onStalled: () => this.#skip(),
    onEmpty: () => this.#catchUp(),
  })
  #control: Control | null = null
  #exits: Exits | null = null
  #offset = 0
  /** Known with the first snapshot. */
  #pane = ''
  /** A snapshot comes first: what is written before it is in it. */
  #live = false
  /** tmux sends nothing of the pane until it is told to. */
  #paused = false
  #over = false
  readonly #tail = new Tail()

  constructor(api: PaneApi, id: string, options: AttachOptions) {
    const { promise, resolve } = Promise.withResolvers<LinkState>()
    this.client = options.client ?? randomId(16)
    this.ended = promise
    this.#finish = resolve
    this.#id = id
    this.#api = api
    this.#options = options
    this.#typing = new Typing(
      id,
      (bytes) => api.input(id, bytes),
      () => this.#tell({ type: 'input-ack', offset: this.#typing.taken }),
    )
    queueMicrotask(() => void this.#start()) // callbacks come when the caller holds this object
  }

  get offset(): number {
    return this.#offset
  }

  /** Typed, and not taken by tmux yet. */
  get unacknowledged(): number {
    return this.#typing.waiting
  }

  write(data: string | Uint8Array): void {
    if (this.#over) return
    this.#refuseReadOnly()
    this.#typing.add(data)
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
      this.#control = await Control.attach(this.#api.tmux, this.#id, [`pause-after=${STALL_SECONDS}`], events)
      if (this.#over) return this.#control.close()
      this.#typing.control = this.#control
      this.#exits = await Exits.of(this.#api.tmux, this.#control, this.#id, (exit) => void this.#exited(exit))
      await this.#repaint()
    } catch (error) {
      const failure =
        error instanceof HoldfastError ? error : new HoldfastError('INTERNAL', String(error), { cause: error })
      this.#end({ kind: 'closed', code: failure.closeCode, reason: failure.message })
    }
  }

  async #repaint(before: readonly string[] = []): Promise<void> {
    if (this.#control === null) return
    await takeState(this.#control, this.#id, before, ({ pane, cols, rows, title, bytes }) => {
      if (this.#over) return
      this.#pane = pane
      this.#live = true
      this.#begin(cols, rows)
      this.#show(bytes, { cols, rows, offset: this.#offset })
      if (title !== '') this.#tell({ type: 'title', title })
      this.#exits?.look()
    })
  }

  #show(bytes: Buffer, at: { cols: number; rows: number; offset: number }): void {
    const { onSnapshot, onOutput } = this.#options
    const parsed = this.#deliver(bytes)
    if (onSnapshot) onSnapshot(bytes, at, parsed)
    else onOutput(bytes, parsed)
  }

  /** tmux forgets what a client has not been sent when the command ends: then the last screen is painted, lines above it included. */
  async #exited(exit: Exit): Promise<void> {
    if (this.#control === null) return
    await takeState(this.#control, this.#id, [], ({ cols, rows, bytes }) => {
      if (this.#over || (this.#live && this.#tail.endsAs(bytes))) return
      this.#show(bytes, { cols, rows, offset: this.#offset })
    }).catch(() => {}) // a session that is gone has ended all the same
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

  /** Returns what is called once they are parsed. */
  #deliver(bytes: Buffer): () => void {
    this.#tail.add(bytes)
    return this.#backlog.add(bytes.length)
  }

  #notice(line: string): void {
    // Without a reason: the session was ended.
    if (line === '%exit') this.#end({ kind: 'ended', exitCode: null, signal: null })
    else if (line.startsWith('%pause ')) this.#stopped()
    else this.#exits?.hear(line)
  }

  /** tmux goes on reading the pane for others; while there are none, it would hold up the command until this client reads. */
  #skip(): void {
    this.#live = false
    this.#control?.resume()
    const pause = `refresh-client -A ${quoted(`${this.#pane}:pause`)}`
    // The notification of it may be within the answer.
    void this.#control?.ask([pause], () => this.#stopped()).catch(() => {}) // its end is told otherwise
  }

  #stopped(): void {
    this.#live = false
    this.#paused = true
    this.#catchUp()
  }

  /** Once all is parsed, the screen comes in place of what was left out. */
  #catchUp(): void {
    if (!this.#paused || !this.#backlog.isEmpty) return
    this.#paused = false
    void this.#repaint([`refresh-client -A ${quoted(`${this.#pane}:continue`)}`]).catch(() => this.#gone())
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
    this.#backlog.close()
    this.#control?.close()
    if (state.kind === 'ended') {
      const { exitCode, signal } = state
      this.#tell({ type: 'exit', exitCode, signal, offset: this.#offset })
    }
    this.#options.onState?.(state)
    this.#finish(state)
  }
}
