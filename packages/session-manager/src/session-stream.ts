/** An attachment as a duplex stream of bytes: what the terminal shows comes out, what is typed goes in. */
import { Duplex } from 'node:stream'
import type { AttachOptions } from '@holdfast/client'
import { ERRORS, type ErrorCode, HoldfastError, type HostMessage, type SignalName } from '@holdfast/protocol'
import type { LiveAttachment, SessionApi } from './api.ts'

/** Of a view: may it type (`rw`, the default), and the size of its window. */
export type StreamOptions = Pick<AttachOptions, 'mode' | 'cols' | 'rows'>

/** Events of a `SessionStream` beside those of a Duplex. */
export interface SessionStreamEvents {
  /** Every control message of the session: title, size, control, commands, notices. */
  message: [message: HostMessage]
  /** The command has ended, with an exit code or by a signal (name without SIG); `end` follows when all output has been read. */
  exit: [{ exitCode: number | null; signal: string | null }]
  /** The connection is lost and made again by itself; null when it is there again. */
  reconnecting: [reason: string | null]
}

/** Resets a terminal (RIS): what follows recreates the screen from nothing. */
const RESET = Buffer.from('\x1bc')

/** Several codes share a number: what is said of a session is meant. */
const codeOf = (close: number): ErrorCode => {
  const codes = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => ERRORS[code].ws === close)
  return codes.find((code) => code.startsWith('SESSION_')) ?? codes[0] ?? 'HOST_UNREACHABLE'
}

/**
 * Reads first what recreates the screen, then the output from there on, each byte once, over reconnects. A reader that
 * does not keep up is skipped ahead: a terminal reset and the screen as it is then come instead of what was left out.
 * Ends with the command; destroying it detaches. It is destroyed with a HoldfastError when the session cannot be reached for good.
 */
export class SessionStream extends Duplex {
  readonly #attachment: LiveAttachment
  /** Of the bytes that the reader has not taken yet. */
  #parsed: (() => void)[] = []
  #begun = false

  /** @internal */
  constructor(api: Pick<SessionApi, 'attach'>, id: string, options: StreamOptions = {}) {
    super()
    this.#attachment = api.attach(id, {
      ...options,
      onOutput: (bytes, parsed) => this.#deliver(bytes, parsed),
      onSnapshot: (bytes, _size, parsed) => {
        if (this.#begun) this.push(RESET)
        this.#deliver(bytes, parsed)
      },
      onMessage: (message) => this.emit('message', message),
      onState: (state) => {
        if (state.kind === 'waiting') this.emit('reconnecting', state.reason)
        if (state.kind === 'attached') this.emit('reconnecting', null)
      },
    })
    void this.#attachment.ended.then((state) => {
      if (state.kind === 'ended') {
        this.emit('exit', { exitCode: state.exitCode, signal: state.signal })
        this.push(null)
      } else if (state.kind === 'closed' && !this.destroyed) {
        this.destroy(state.code === 1000 ? undefined : new HoldfastError(codeOf(state.code), state.reason))
      }
    })
  }

  /** Tells the window's size, 2 to 1000 columns and 1 to 1000 rows. */
  resize(cols: number, rows: number): void {
    this.#attachment.resize(cols, rows)
  }

  /** To the job in the foreground. Throws READ_ONLY, and HOST_UNREACHABLE while it reconnects. */
  signal(name: SignalName): void {
    this.#attachment.signal(name)
  }

  /** Takes control, so that its size and colours count, or gives it up. Throws READ_ONLY, and HOST_UNREACHABLE while it reconnects. */
  control(action: 'take' | 'release'): void {
    this.#attachment.control(action)
  }

  override _read(): void {
    const parsed = this.#parsed
    this.#parsed = []
    for (const tell of parsed) tell()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    try {
      this.#attachment.write(chunk)
      done()
    } catch (error) {
      done(error as Error)
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#attachment.detach()
    done(error)
  }

  #deliver(bytes: Uint8Array, parsed: () => void): void {
    this.#begun = true
    if (this.push(bytes)) parsed()
    else this.#parsed.push(parsed)
  }
}
