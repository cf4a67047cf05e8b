/** One session's output stream and the input beside it, served by a native thread; this side hears what is new and answers. */
import type { Socket } from 'node:net'
import { ACK_BYTES, ACK_DELAY_MS, WINDOW_BYTES } from '@holdfast/protocol'
import { type Handle, type Mark, native, type StreamState, type Taken, TTY_MODES } from './native-stream.ts'
import { ViewerSocket } from './viewer-socket.ts'

export interface StreamOptions {
  /** Of the terminal; it does not block. */
  fd: number
  /** Secret of the session leader's marks. */
  nonce: string
  replayBytes: number
  /** Offset of the first byte that will come. */
  base?: number
  /** Output that stands before any of the terminal's. */
  first?: Buffer | undefined
  limits?: Partial<StreamLimits>
}

export interface StreamEvents {
  /** Something may be there to be taken. */
  onOutput(): void
  onMark(mark: Mark): void
  /** Nobody has the terminal open any more. */
  onHungUp(): void
  /** There was input or output. */
  onActivity(): void
  /** Input waits for a command that does not read, or flows again. */
  onInputBlocked(blocked: boolean, waiting: number): void
  /** A program has changed them. */
  onTty(modes: TtyModes): void
}

/** How the kernel treats what is typed. */
export interface TtyModes {
  /** It shows it. */
  echo: boolean
  /** It takes whole lines, and not single keys as full-screen programs and line editors want them. */
  canonical: boolean
}

const modesOf = (bits: number): TtyModes => ({
  echo: (bits & TTY_MODES.echo) !== 0,
  canonical: (bits & TTY_MODES.canonical) !== 0,
})

export interface StreamLimits {
  /** Of more output than this only what can still be seen waits for the screen. */
  pendingBytes: number
  /** Milliseconds between two rounds of sending in a flood. */
  floodMs: number
  /** The same, for each viewer but who controls: what a round costs, so that many viewers get larger pieces. */
  roundMs: number
  /** A viewer that acknowledged something within this time is only slower for a moment. */
  hiccupMs: number
}
const LIMITS: StreamLimits = { pendingBytes: 512 * 1024, floodMs: 2, roundMs: 0.5, hiccupMs: 1000 }
/** Most that a snapshot's offset is behind what was taken: the screen holds back no more of an unfinished sequence. */
const HELD_BYTES = 128 * 1024

export class Stream {
  readonly #handle: Handle
  readonly #events: StreamEvents
  readonly #sockets = new Map<number, ViewerSocket>()
  #snapshots = 0
  #hungUp = false

  constructor(
    { fd, nonce, replayBytes, base = 0, first = Buffer.alloc(0), limits }: StreamOptions,
    events: StreamEvents,
  ) {
    const { pendingBytes, floodMs, roundMs, hiccupMs } = { ...LIMITS, ...limits }
    const seconds = [ACK_DELAY_MS, floodMs, roundMs, hiccupMs].map((ms) => ms / 1000)
    const terms = Float64Array.of(replayBytes, WINDOW_BYTES, ACK_BYTES, pendingBytes, ...seconds)
    // The thread ends when this object has been forgotten, so it must not be what remembers it.
    const weak = new WeakRef(this)
    // Not at once: of calls that follow each other Node does a thousand before it looks at anything else (node_api.cc, kMaxIterationCount).
    const onNews = () =>
      void setImmediate(() => {
        const stream = weak.deref()
        if (stream !== undefined) stream.#hear()
      })
    this.#handle = native.open(fd, nonce, terms, base, onNews, first)
    this.#events = events
  }

  get state(): StreamState {
    return native.state(this.#handle)
  }

  /** Length of the stream so far. */
  get end(): number {
    return this.state.end
  }

  get tty(): TtyModes {
    return modesOf(native.tty(this.#handle))
  }

  /** These bytes of the stream, or the last of them that are held if `partial`; null when not all are. `to` is at most `end`. */
  read(from: number, to: number, partial: boolean): Buffer | null {
    return native.read(this.#handle, from, to, partial)
  }

  take(): Taken {
    return native.take(this.#handle)
  }

  /** The screen is up to date with what was taken, and has forgotten a line after so many line feeds. */
  forgetting(lines: number): void {
    native.forgetting(this.#handle, lines)
  }

  resize(cols: number, rows: number): Taken {
    return native.resize(this.#handle, cols, rows)
  }

  /** Adds to the output. */
  print(bytes: Buffer): void {
    native.print(this.#handle, bytes)
  }

  input(bytes: Buffer): void {
    native.input(this.#handle, 0, bytes)
  }

  /** An answer of the terminal itself. */
  reply(text: string): void {
    native.reply(this.#handle, Buffer.from(text))
  }

  /** Whatever a snapshot that is begun now will go on from stays here until `release`. */
  keep(): void {
    if (this.#snapshots++ === 0) native.keep(this.#handle, HELD_BYTES)
  }

  release(): void {
    if (--this.#snapshots === 0) native.keep(this.#handle, -1)
  }

  /** All that the terminal had when its last process went. */
  drain(): void {
    native.drain(this.#handle)
    this.#hear()
  }

  finish(): void {
    native.finish(this.#handle)
  }

  control(socket: ViewerSocket | null): void {
    native.control(this.#handle, socket?.id ?? 0)
  }

  /** The connection is the thread's from now on. */
  accept(socket: Socket, head: Buffer): ViewerSocket {
    const accepted = new ViewerSocket(this.#handle, socket, head)
    this.#sockets.set(accepted.id, accepted)
    accepted.once('close', () => this.#sockets.delete(accepted.id))
    return accepted
  }

  #hear(): void {
    const { moved, hungUp, blocked, waiting, tty, marks, viewers } = native.news(this.#handle)
    this.#events.onOutput()
    for (const mark of marks) this.#events.onMark(mark)
    for (let at = 0; at < viewers.length; at += 2) this.#sockets.get(viewers[at] ?? 0)?.hear(viewers[at + 1] ?? 0)
    if (blocked !== undefined) this.#events.onInputBlocked(blocked, waiting)
    if (tty !== undefined) this.#events.onTty(modesOf(tty))
    if (moved) this.#events.onActivity()
    if (!hungUp || this.#hungUp) return
    this.#hungUp = true
    this.#events.onHungUp()
  }
}
