/** The HTTP API of a gateway, one method a call, and the way to an attachment. Throws HoldfastError with the server's code. */
import {
  type CreateSession,
  type Phase,
  type ScreenFormat,
  type Session,
  type SessionEvent,
  type SessionPage,
  type SignalName,
  SUBPROTOCOL,
  type Template,
  TICKET_PREFIX,
  type Ticket,
  type Wait,
  type WaitResult,
} from '@holdfast/protocol'
import { defaultSocket } from '#socket'
import { Attachment, type AttachOptions } from './attachment.ts'
import { sessionEvents } from './events.ts'
import { Http } from './http.ts'
import type { Dial } from './link.ts'
import type { SocketFactory } from './socket.ts'

export interface ClientOptions {
  /** Of the gateway, e.g. http://127.0.0.1:8080; a path prefix is kept. */
  url: string
  /** API key. Without one (in a browser) the cookie counts for HTTP, and every connect of an attachment takes a fresh ticket. */
  key?: string
  socket?: SocketFactory
}

export interface ListQuery {
  phase?: Phase
  /** Each `name=value`; all must match. */
  label?: readonly string[]
  limit?: number
  cursor?: string
}

/** Seconds the gateway waits for a new session to run when the caller does not say; DESIGN §4. */
const CREATE_WAIT_SECONDS = 30
/** Default of a wait's `timeoutMs`. */
const WAIT_MS = 30_000
/** A ticket is used at once. */
const TICKET_SECONDS = 30

const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))

const queryOf = (query: ListQuery): string => {
  const entries = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((item): [string, string] => [name, String(item)]),
  )
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries)}`
}

const pathOf = (id: string): string => `/v1/sessions/${encodeURIComponent(id)}`

export class HoldfastClient {
  readonly #http: Http
  readonly #socket: SocketFactory

  constructor(options: ClientOptions) {
    this.#http = new Http(options.url, options.key)
    this.#socket = options.socket ?? defaultSocket
  }

  /** Resolves when the session runs, or, still `pending` or `starting`, after `waitSeconds`. */
  createSession(
    body: CreateSession,
    options: { waitSeconds?: number; idempotencyKey?: string; signal?: AbortSignal } = {},
  ): Promise<Session> {
    const { waitSeconds = CREATE_WAIT_SECONDS, idempotencyKey, signal } = options
    const headers = {
      prefer: `wait=${waitSeconds}`,
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    }
    return this.#http.json('POST', '/v1/sessions', { body, headers, serverWaitMs: waitSeconds * 1000, signal })
  }

  listSessions(query: ListQuery = {}): Promise<SessionPage> {
    return this.#http.json('GET', `/v1/sessions${queryOf(query)}`)
  }

  getSession(id: string): Promise<Session> {
    return this.#http.json('GET', pathOf(id))
  }

  /** Stops the session and forgets it. */
  async deleteSession(id: string): Promise<void> {
    await this.#http.json('DELETE', pathOf(id))
  }

  async input(id: string, data: string | Uint8Array): Promise<void> {
    const body = typeof data === 'string' ? { text: data } : { base64: base64(data) }
    await this.#http.json('POST', `${pathOf(id)}/input`, { body })
  }

  async resize(id: string, cols: number, rows: number): Promise<void> {
    await this.#http.json('POST', `${pathOf(id)}/resize`, { body: { cols, rows } })
  }

  async signal(id: string, name: SignalName): Promise<void> {
    await this.#http.json('POST', `${pathOf(id)}/signal`, { body: { name } })
  }

  wait(id: string, body: Wait): Promise<WaitResult> {
    return this.#http.json('POST', `${pathOf(id)}/wait`, { body, serverWaitMs: body.timeoutMs ?? WAIT_MS })
  }

  /** The screen with `scrollback` lines above it, also after the session ended. */
  screen(id: string, format: ScreenFormat, scrollback = 0): Promise<string> {
    return this.#http.text(`${pathOf(id)}/screen?format=${format}&scrollback=${scrollback}`)
  }

  createTicket(id: string, body: { mode?: 'rw' | 'ro'; ttlSeconds?: number; uses?: number }): Promise<Ticket> {
    return this.#http.json('POST', `${pathOf(id)}/tickets`, { body })
  }

  /** The default one first. */
  async templates(): Promise<Template[]> {
    return (await this.#http.json<{ templates: Template[] }>('GET', '/v1/templates')).templates
  }

  /** Every change of every session, over reconnects, until `signal` aborts; `onLink` hears null when events flow, else why not. */
  events(signal: AbortSignal, onLink?: (failure: string | null) => void): AsyncIterable<SessionEvent> {
    return sessionEvents(this.#http, signal, onLink)
  }

  attach(id: string, options: AttachOptions): Attachment {
    return new Attachment(this.#dial(id, options.mode ?? 'rw'), options)
  }

  #dial(id: string, mode: 'rw' | 'ro'): Dial {
    const url = `${this.#http.url.replace(/^http/, 'ws')}${pathOf(id)}/attach`
    return async () => {
      if (this.#http.key !== undefined) return this.#socket(url, [SUBPROTOCOL], this.#http.credentials)
      const { ticket } = await this.createTicket(id, { mode, ttlSeconds: TICKET_SECONDS, uses: 1 })
      return this.#socket(url, [SUBPROTOCOL, `${TICKET_PREFIX}${ticket}`], {})
    }
  }
}
