/** One socket after another to the same session: dials, notices when the line is dead, waits, dials again, and knows when to stop. */
import { closeIsRetryable, ERRORS, type ErrorCode, HoldfastError, type Resume } from '@holdfast/protocol'
import type { Backoff } from './backoff.ts'
import { OPEN, type SocketLike } from './socket.ts'

/**
 * How an attachment stands. `connecting`; `attached`, with how the output goes on and the client id of the controller; `waiting`
 * for the next try, the number of which is `attempt`; for good: `ended` with the command's exit code or signal (name without
 * SIG), or `closed` with a WebSocket close code, 1000 for `detach`.
 */
export type LinkState =
  | { kind: 'connecting' }
  | { kind: 'attached'; resume: Resume; controller: string | null }
  | { kind: 'waiting'; retryInMs: number; attempt: number; reason: string }
  | { kind: 'ended'; exitCode: number | null; signal: string | null; coreDumped?: true }
  | { kind: 'closed'; code: number; reason: string }

export type Dial = () => Promise<SocketLike>

export interface LinkEvents {
  onOpen(): void
  onText(text: string): void
  onBytes(bytes: Uint8Array): void
  /** The socket is gone; another may follow. */
  onDown(): void
  onState(state: LinkState): void
}

const TICK_MS = 5_000
/** A ping every 15 s; without any traffic for 30 s the line is dead. */
const TICKS_PER_PING = 3
const TICKS_UNTIL_DEAD = 6
/** An attachment that held this long is no part of a storm: the next reconnect starts with a short wait again. */
const STABLE_MS = 1_000
/** RFC 6455 §7.4.1: no code came, or no close at all. Then an `error` message before it counts. */
const NO_CODE = new Set([1005, 1006])

const meaningOf = (code: number): string =>
  Object.values(ERRORS).find((row) => row.ws === code)?.meaning ?? 'the connection was lost'

export class Link {
  readonly ended: Promise<LinkState>
  readonly #dial: Dial
  readonly #events: LinkEvents
  readonly #backoff: Backoff
  readonly #resolveEnded: (state: LinkState) => void
  #socket: SocketLike | null = null
  /** Grows with every connection and at the end, so that a late event of an earlier socket is recognised. */
  #connection = 0
  #attached = false
  #over = false
  /** Ticks since the host was last heard. */
  #quietTicks = 0
  #announced: { code: ErrorCode; message: string } | null = null
  #heartbeat: ReturnType<typeof setInterval> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(dial: Dial, events: LinkEvents, backoff: Backoff) {
    this.#dial = dial
    this.#events = events
    this.#backoff = backoff
    const { promise, resolve } = Promise.withResolvers<LinkState>()
    this.ended = promise
    this.#resolveEnded = resolve
  }

  get attached(): boolean {
    return this.#attached
  }

  get over(): boolean {
    return this.#over
  }

  connect(): void {
    if (this.#over) return
    const connection = ++this.#connection
    this.#quietTicks = 0
    this.#heartbeat = setInterval(() => this.#tick(), TICK_MS)
    this.#events.onState({ kind: 'connecting' })
    this.#dial().then(
      (socket) => {
        if (connection === this.#connection) this.#listen(socket, connection)
        else socket.close()
      },
      (error: unknown) => {
        if (connection !== this.#connection) return
        // Not one of ours, e.g. a URL that is none: the same call will fail again.
        const failure = error instanceof HoldfastError ? error : new HoldfastError('BAD_REQUEST', String(error))
        this.#lost(failure.closeCode, failure.message)
      },
    )
  }

  /** False when the socket is not open: nothing was sent. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.#socket?.readyState !== OPEN) return false
    this.#socket.send(data)
    return true
  }

  /** The host has answered `attach`. */
  markAttached(resume: Resume, controller: string | null): void {
    if (this.#socket === null) return // ended by a callback
    this.#attached = true
    this.#timer = setTimeout(() => this.#backoff.reset(), STABLE_MS)
    this.#events.onState({ kind: 'attached', resume, controller })
  }

  /** The host says why it is about to close. */
  announce(code: string, message: string): void {
    if (Object.hasOwn(ERRORS, code)) this.#announced = { code: code as ErrorCode, message }
  }

  /** Gives this socket up and dials again. */
  restart(reason: string): void {
    const socket = this.#socket
    this.#lost(1006, reason)
    if (socket?.terminate) socket.terminate()
    else socket?.close()
  }

  end(state: LinkState): void {
    if (this.#over) return
    this.#over = true
    const socket = this.#socket
    this.#down()
    socket?.close(1000)
    this.#events.onState(state)
    this.#resolveEnded(state)
  }

  #listen(socket: SocketLike, connection: number): void {
    this.#socket = socket
    if (socket.binaryType === 'blob') socket.binaryType = 'arraybuffer'
    const current = (): boolean => connection === this.#connection
    let opened = false
    socket.addEventListener('open', () => {
      opened = true
      if (current()) this.#events.onOpen()
    })
    socket.addEventListener('message', ({ data }) => {
      if (!current()) return
      this.#quietTicks = 0
      if (typeof data === 'string') this.#events.onText(data)
      else this.#events.onBytes(data instanceof Uint8Array ? data : new Uint8Array(data as ArrayBuffer))
    })
    socket.addEventListener('error', () => {}) // `close` follows
    socket.addEventListener('close', ({ code, reason }) => {
      if (current()) this.#lost(code, reason || (opened ? '' : 'the gateway does not answer'))
    })
  }

  #tick(): void {
    this.#quietTicks++
    if (this.#quietTicks >= TICKS_UNTIL_DEAD) this.restart('nothing was heard for 30 s')
    else if (this.#attached && this.#quietTicks % TICKS_PER_PING === 0)
      this.send(JSON.stringify({ type: 'ping', id: this.#quietTicks }))
  }

  #lost(closeCode: number, closeReason: string): void {
    const announced = this.#announced
    const code = announced !== null && NO_CODE.has(closeCode) ? ERRORS[announced.code].ws : closeCode
    const reason = announced?.message || closeReason || meaningOf(code)
    this.#down()
    if (!closeIsRetryable(code)) {
      this.end({ kind: 'closed', code, reason })
      return
    }
    const retryInMs = this.#backoff.next()
    this.#timer = setTimeout(() => this.connect(), retryInMs)
    this.#events.onState({ kind: 'waiting', retryInMs, attempt: this.#backoff.attempt, reason })
  }

  #down(): void {
    this.#connection++
    this.#socket = null
    this.#attached = false
    this.#announced = null
    clearInterval(this.#heartbeat)
    clearTimeout(this.#timer)
    this.#events.onDown()
  }
}
