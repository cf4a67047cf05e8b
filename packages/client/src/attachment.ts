/** A live view of a session that outlives its connections: speaks `holdfast.v1`, resumes the output and resends the input. */
import {
  type AttachedMessage,
  type ClientMessage,
  type ExitMessage,
  HoldfastError,
  type HostMessage,
  randomId,
  type SignalName,
  type TerminalColors,
} from '@holdfast/protocol'
import { Backoff } from './backoff.ts'
import { InputQueue } from './input-queue.ts'
import { type Dial, Link, type LinkState } from './link.ts'
import { OutputCursor } from './output-cursor.ts'

/** How to attach, and who hears what. Callbacks come one after the other, the first one after `attach` has returned. */
export interface AttachOptions {
  /** `ro` types nothing and has no size that counts. Default: `rw`. */
  mode?: 'rw' | 'ro'
  /** Of this client's window, 2 to 1000 columns. Without both, the session keeps its size. */
  cols?: number
  /** 1 to 1000 rows. */
  rows?: number
  /** Stable id of this client, 1 to 64 of `A-Za-z0-9._-`; a new random one by default. An attachment with the same id ends the one before. */
  client?: string
  /** Output in order, each byte once. `parsed` drives the acknowledgement: call it when the terminal has processed the bytes. */
  onOutput(bytes: Uint8Array, parsed: () => void): void
  /** Bytes that recreate the state at `offset` in a terminal that was reset first. Default: they go to `onOutput`. */
  onSnapshot?(bytes: Uint8Array, size: { cols: number; rows: number; offset: number }, parsed: () => void): void
  /** How the connection stands, at every change. */
  onState?(state: LinkState): void
  /** Every control message. An `attached` with `resume: 'fresh'` says that the stream starts over: reset the terminal. */
  onMessage?(message: HostMessage): void
}

const encoder = new TextEncoder()

const parseMessage = (text: string): HostMessage | null => {
  try {
    const message: unknown = JSON.parse(text)
    return typeof message === 'object' && message !== null && 'type' in message ? (message as HostMessage) : null
  } catch {
    return null
  }
}

const isOffset = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0

/**
 * A live view of a session, made by `HoldfastClient.attach`. It connects, and connects again whenever the line breaks, until the
 * command ends, `detach` is called, or it is refused for good: `ended` says which. It goes on at the byte at which it was cut off.
 */
export class Attachment {
  /** Id of this client, as the host knows it. */
  readonly client: string
  /** The last state: `ended` or `closed`. */
  readonly ended: Promise<LinkState>
  readonly #options: AttachOptions
  readonly #link: Link
  readonly #output: OutputCursor
  readonly #input = new InputQueue()
  #mode: 'rw' | 'ro'
  #size: { cols?: number; rows?: number }
  #colors: TerminalColors | null = null
  readonly #pings = new Map<number | string, { resolve(): void; reject(error: Error): void }>()

  /** @internal */
  constructor(dial: Dial, options: AttachOptions, backoff: Backoff = new Backoff()) {
    const { client = randomId(16), mode = 'rw', cols, rows } = options
    this.client = client
    this.#options = options
    this.#mode = mode
    this.#size = cols === undefined || rows === undefined ? {} : { cols, rows }
    this.#output = new OutputCursor(options, (offset) => this.#tell({ type: 'ack', offset }))
    const events = {
      onOpen: () => this.#sendAttach(),
      onText: (text: string) => this.#receive(text),
      onBytes: (bytes: Uint8Array) => {
        if (!this.#output.receive(bytes)) this.#giveUp('output without a place in the stream')
      },
      onDown: () => {
        this.#output.stop()
        for (const { reject } of this.#pings.values())
          reject(new HoldfastError('HOST_UNREACHABLE', 'the connection ended'))
        this.#pings.clear()
      },
      onState: (state: LinkState) => options.onState?.(state),
    }
    this.#link = new Link(dial, events, backoff)
    this.ended = this.#link.ended
    queueMicrotask(() => this.#link.connect()) // callbacks come when the caller holds this object
  }

  /** Output bytes delivered so far; position in the session's stream. */
  get offset(): number {
    return this.#output.offset
  }

  /** Input bytes the host has not confirmed yet. */
  get unacknowledged(): number {
    return this.#input.size
  }

  /** Types, now or after the next connect. Throws READ_ONLY, or TOO_LARGE when 8 MiB wait already; after the end it does nothing. */
  write(data: string | Uint8Array): void {
    if (this.#link.over) return
    this.#refuseReadOnly()
    this.#input.push(typeof data === 'string' ? encoder.encode(data) : data)
    this.#sendInput()
  }

  /** Tells the window's size, 2 to 1000 columns and 1 to 1000 rows, now and after every connect. A read-only attachment has none that counts. */
  resize(cols: number, rows: number): void {
    this.#size = { cols, rows }
    if (this.#mode === 'rw') this.#tell({ type: 'resize', cols, rows })
  }

  /** Tells the colours of this client's terminal, now and after every connect: the host answers programs with those of the controller. */
  colors(colors: TerminalColors): void {
    this.#colors = colors
    this.#tellColors()
  }

  /** To the job in the foreground. Throws READ_ONLY, and HOST_UNREACHABLE while not attached: it is not kept for later. */
  signal(name: SignalName): void {
    this.#demand({ type: 'signal', name })
  }

  /** Takes control (its window's size, focus and colours count), or gives it up. Throws READ_ONLY, and HOST_UNREACHABLE while not attached. */
  control(action: 'take' | 'release'): void {
    this.#demand({ type: 'control', action })
  }

  /** The terminal lost what was delivered: the next connect starts over, with a snapshot or the whole stream. */
  forget(): void {
    this.#output.forget()
  }

  /** Gives up the connection at hand for another one; after `forget` everything is painted anew. */
  reconnect(): void {
    if (this.#link.attached) this.#link.restart('the client asked for a new connection')
  }

  /** Milliseconds to the host and back. Rejects with HOST_UNREACHABLE when not attached, or when the connection ends first. */
  ping(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const sentAt = performance.now()
    const id = `rtt-${sentAt}`
    if (!this.#tell({ type: 'ping', id })) reject(new HoldfastError('HOST_UNREACHABLE', 'not attached at the moment'))
    else this.#pings.set(id, { resolve: () => resolve(performance.now() - sentAt), reject })
    return promise
  }

  /** Leaves; the session goes on. `ended` resolves with close code 1000. */
  detach(): void {
    this.#link.end({ kind: 'closed', code: 1000, reason: 'detached' })
  }

  #refuseReadOnly(): void {
    if (this.#mode === 'ro') throw new HoldfastError('READ_ONLY', 'this attachment is read-only')
  }

  #demand(message: ClientMessage): void {
    this.#refuseReadOnly()
    if (!this.#tell(message)) throw new HoldfastError('HOST_UNREACHABLE', 'not attached at the moment')
  }

  #tell(message: ClientMessage): boolean {
    return this.#link.attached && this.#link.send(JSON.stringify(message))
  }

  #tellColors(): void {
    if (this.#colors !== null && this.#mode === 'rw') this.#tell({ type: 'colors', ...this.#colors })
  }

  #sendAttach(): void {
    const attach: ClientMessage = {
      type: 'attach',
      client: this.client,
      mode: this.#mode,
      ...this.#size,
      ...this.#output.resumeFrom(),
    }
    this.#link.send(JSON.stringify(attach))
  }

  #sendInput(): void {
    if (!this.#link.attached) return
    for (let bytes = this.#input.next(); bytes !== null; bytes = this.#input.next()) this.#link.send(bytes)
  }

  #receive(text: string): void {
    const message = parseMessage(text)
    if (message === null) return
    const flaw = this.#flawOf(message)
    if (flaw !== null) {
      this.#giveUp(flaw)
      return
    }
    if (message.type === 'snapshot') this.#output.announce(message)
    if (message.type === 'pong') this.#ponged(message.id)
    if (message.type === 'input-ack') this.#input.acknowledge(message.offset)
    if (message.type === 'error') this.#link.announce(message.code, message.message)
    this.#options.onMessage?.(message)
    if (message.type === 'attached') this.#go(message)
    if (message.type === 'exit') this.#end(message)
  }

  #ponged(id: number | string): void {
    this.#pings.get(id)?.resolve()
    this.#pings.delete(id)
  }

  /** What makes a message impossible to follow without a gap or a repeat; such a host is left for another try. */
  #flawOf(message: HostMessage): string | null {
    switch (message.type) {
      case 'attached':
        if (!isOffset(message.inputOffset)) return 'input without a place in the stream'
        return this.#output.begin(message) ? null : 'a resume that was not asked for'
      case 'snapshot':
      case 'input-ack':
        return isOffset(message.offset) ? null : `"${message.type}" without a place in the stream`
      case 'exit':
        return message.offset === this.#output.offset ? null : 'an end that is not where the output ends'
      default:
        return null
    }
  }

  #go({ mode, inputOffset, resume, controller }: AttachedMessage): void {
    this.#mode = mode
    if (mode === 'ro') this.#input.clear()
    this.#input.resume(inputOffset)
    this.#link.markAttached(resume, controller)
    this.#tellColors()
    this.#sendInput()
  }

  #end({ exitCode, signal, coreDumped }: ExitMessage): void {
    this.#link.end({ kind: 'ended', exitCode, signal, ...(coreDumped ? { coreDumped } : {}) })
  }

  #giveUp(what: string): void {
    this.#output.forget()
    this.#link.restart(`the host broke the protocol: ${what}`)
  }
}
