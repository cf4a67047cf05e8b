/** One session, whatever mode it runs in. */
import type { OutputPart, OutputRange } from '@holdfast/client'
import type { ScreenFormat, Session, SignalName, WaitResult } from '@holdfast/protocol'
import type { SessionApi } from './api.ts'
import { SessionStream, type StreamOptions } from './session-stream.ts'
import { type Until, wait } from './waiting.ts'

/**
 * One session, made or found by a `SessionManager`. Calls reject with a `HoldfastError`: SESSION_NOT_FOUND once it is forgotten,
 * SESSION_ENDED where a running command is needed, and in a cluster HOST_UNREACHABLE, TIMEOUT and the like, which are `retryable`.
 */
export class ManagedSession {
  /** Unique, and the same in every program; it stays when the session moves. Made by tmux, it begins with `tmux-`. */
  readonly id: string
  readonly #api: SessionApi
  #info: Session

  /** @internal */
  constructor(api: SessionApi, info: Session) {
    this.#api = api
    this.id = info.id
    this.#info = info
  }

  /** As it was when it was last read. */
  get info(): Session {
    return this.#info
  }

  /** Reads it again. Throws SESSION_NOT_FOUND. */
  async refresh(): Promise<Session> {
    this.#info = await this.#api.getSession(this.id)
    return this.#info
  }

  /** A live view, as a stream of bytes both ways. Throws nothing: what fails destroys the stream with a `HoldfastError`. */
  attach(options?: StreamOptions): SessionStream {
    return new SessionStream(this.#api, this.id, options)
  }

  /** What shows, with `scrollback` lines above it; also after the end. `json` is a `ScreenJson` as text. */
  screen(format: ScreenFormat = 'text', scrollback = 0): Promise<string> {
    return this.#api.screen(this.id, format, scrollback)
  }

  /** The output's bytes by offset, such as those of one of `info.commands`. Only in a cluster; throws as `HoldfastClient.output`, and BAD_REQUEST of tmux. */
  output(range?: OutputRange): Promise<OutputPart> {
    return this.#api.output(this.id, range)
  }

  /** Types text or bytes as they are. In a cluster throws TOO_MANY while the program reads nothing, and TOO_LARGE above 1 MiB of JSON, in which bytes are base64. */
  input(data: string | Uint8Array): Promise<void> {
    return this.#api.input(this.id, data)
  }

  /** Pastes text, as a terminal does: control characters are left out, and it stands in brackets if the program asks for that. Send Enter apart. */
  paste(text: string): Promise<void> {
    return this.#api.paste(this.id, text)
  }

  /** Presses keys, named as in tmux: `C-c`, `M-x`, `Enter`, `Up`, `F5`, or single characters. Throws BAD_REQUEST for an unknown one. */
  sendKeys(...keys: readonly string[]): Promise<void> {
    return this.#api.sendKeys(this.id, keys)
  }

  /** Gives it another name, 1 to 128 characters, in `info`, too. */
  async rename(name: string): Promise<void> {
    this.#info = await this.#api.updateSession(this.id, { name })
  }

  /** Sets labels, and removes those that are null; others stay. */
  async label(labels: Readonly<Record<string, string | null>>): Promise<void> {
    this.#info = await this.#api.updateSession(this.id, { labels })
  }

  /** 2 to 1000 columns, 1 to 1000 rows. */
  resize(cols: number, rows: number): Promise<void> {
    return this.#api.resize(this.id, cols, rows)
  }

  /** To the job in the foreground. Throws BAD_REQUEST when no process takes it. */
  signal(name: SignalName): Promise<void> {
    return this.#api.signal(this.id, name)
  }

  /** Waits for text (a regular expression, on the screen), a prompt, quiet or the end. `met: false` when `timeoutMs` are over, default 30 s, or the command ended first. Throws BAD_REQUEST for what is no regular expression. */
  wait(until: Until): Promise<WaitResult> {
    return wait(this.#api, this.id, until)
  }

  /** Ends it, HUP first and KILL 5 s later, and forgets it. */
  kill(): Promise<void> {
    return this.#api.deleteSession(this.id)
  }
}
