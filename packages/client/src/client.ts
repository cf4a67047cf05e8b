/** The HTTP API of a gateway, one method a call, and the way to an attachment. Throws HoldfastError with the server's code. */
import {
  type CreateSession,
  type Death,
  type DeathPage,
  type Extend,
  type NodeList,
  type Phase,
  type PoolState,
  type Reaped,
  type ReapList,
  type ScreenFormat,
  type ServerEvent,
  type Session,
  type SessionPage,
  type SignalName,
  SUBPROTOCOL,
  type Template,
  TICKET_PREFIX,
  type Ticket,
  type Update,
  type Usage,
  WAIT_MS,
  type Wait,
  type WaitResult,
  type Why,
} from '@holdfast/protocol'
import { defaultSocket } from '#socket'
import { Attachment, type AttachOptions } from './attachment.ts'
import { serverEvents } from './events.ts'
import { Http } from './http.ts'
import type { Dial } from './link.ts'
import { type RetryOptions, retryWhenTold } from './retry-after.ts'
import type { SocketFactory } from './socket.ts'

export interface ClientOptions {
  /** Of the gateway, e.g. http://127.0.0.1:8080; a path prefix is kept. */
  url: string
  /** API key. Without one (in a browser) the cookie counts for HTTP, and every connect of an attachment takes a fresh ticket. */
  key?: string
  /** Instead of a key: the right to attach to one session, once for each use it has left. */
  ticket?: string
  socket?: SocketFactory
}

export interface CreateOptions extends RetryOptions {
  waitSeconds?: number
  idempotencyKey?: string
}

export interface DeathQuery {
  /** Id; without it those of all sessions of the tenant. */
  session?: string
  limit?: number
  cursor?: string
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
/** The longest that the gateway waits for a session to be suspended or to run again. */
const SUSPEND_WAIT_MS = 20_000
/** A ticket is used at once. */
const TICKET_SECONDS = 30

const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))

const queryOf = (query: ListQuery | DeathQuery): string => {
  const entries = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((item): [string, string] => [name, String(item)]),
  )
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries)}`
}

const nodePath = (node: string): string => `/v1/nodes/${encodeURIComponent(node)}`
const pathOf = (id: string): string => `/v1/sessions/${encodeURIComponent(id)}`

export class HoldfastClient {
  readonly #http: Http
  readonly #socket: SocketFactory
  readonly #ticket: string | undefined

  constructor(options: ClientOptions) {
    this.#http = new Http(options.url, options.key)
    this.#socket = options.socket ?? defaultSocket
    this.#ticket = options.ticket
  }

  /**
   * Resolves when the session runs, or, still `pending` or `starting`, after `waitSeconds`. Refused for its tenant's speed
   * (TOO_MANY), it tries again when the server says, as long as that is within `retryForMs` in all; `onRetry` hears of it.
   */
  createSession(body: CreateSession, options: CreateOptions = {}): Promise<Session> {
    const { waitSeconds = CREATE_WAIT_SECONDS, idempotencyKey, signal } = options
    const headers = {
      prefer: `wait=${waitSeconds}`,
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    }
    const call = { body, headers, serverWaitMs: waitSeconds * 1000, signal }
    return retryWhenTold(() => this.#http.json<Session>('POST', '/v1/sessions', call), options)
  }

  listSessions(query: ListQuery = {}): Promise<SessionPage> {
    return this.#http.json('GET', `/v1/sessions${queryOf(query)}`)
  }

  getSession(id: string): Promise<Session> {
    return this.#http.json('GET', pathOf(id))
  }

  /** What the session waits for, since when, and when that is given up. */
  why(id: string): Promise<Why> {
    return this.#http.json('GET', `${pathOf(id)}/why`)
  }

  /** How the incarnations of a session ended, newest first; also after it was deleted. */
  async deaths(id: string): Promise<Death[]> {
    return (await this.#http.json<DeathPage>('GET', `${pathOf(id)}/deaths`)).deaths
  }

  /** How sessions of the tenant ended, newest first. */
  deathPage(query: DeathQuery = {}): Promise<DeathPage> {
    return this.#http.json('GET', `/v1/deaths${queryOf(query)}`)
  }

  /** For operators: the hosts that are nobody's, and why; changes nothing. */
  reapable(): Promise<ReapList> {
    return this.#http.json('GET', '/v1/reap')
  }

  /** For operators: removes exactly these hosts, if they are still nobody's. */
  reap(confirm: 'all' | readonly string[]): Promise<Reaped> {
    return this.#http.json('POST', '/v1/reap', { body: { confirm } })
  }

  /** Stops the session and forgets it. */
  async deleteSession(id: string): Promise<void> {
    await this.#http.json('DELETE', pathOf(id))
  }

  /** Another name, other labels; a label with null goes. */
  updateSession(id: string, body: Update): Promise<Session> {
    return this.#http.json('PATCH', pathOf(id), { body })
  }

  /** More time, counted from now; throws SESSION_ENDED, and SESSION_STARTING before it runs. */
  extendSession(id: string, body: Extend): Promise<Session> {
    return this.#http.json('POST', `${pathOf(id)}/extend`, { body })
  }

  /** Stops it, keeping its files and its screen, or freezes it; until `resumeSession` or until someone attaches. */
  suspendSession(id: string, options: { freeze?: boolean } = {}): Promise<Session> {
    return this.#http.json('POST', `${pathOf(id)}/suspend`, { body: options, serverWaitMs: SUSPEND_WAIT_MS })
  }

  resumeSession(id: string): Promise<Session> {
    return this.#http.json('POST', `${pathOf(id)}/resume`, { serverWaitMs: SUSPEND_WAIT_MS })
  }

  async input(id: string, data: string | Uint8Array): Promise<void> {
    const body = typeof data === 'string' ? { text: data } : { base64: base64(data) }
    await this.#http.json('POST', `${pathOf(id)}/input`, { body })
  }

  /** As a terminal pastes: in brackets if the program asks for that, without control characters. */
  async paste(id: string, text: string): Promise<void> {
    await this.#http.json('POST', `${pathOf(id)}/input`, { body: { paste: text } })
  }

  /** Presses keys, named as in tmux: `C-c`, `M-x`, `Enter`, `Up`, `F5`, or single characters. Throws BAD_REQUEST for an unknown one. */
  async sendKeys(id: string, keys: readonly string[]): Promise<void> {
    await this.#http.json('POST', `${pathOf(id)}/input`, { body: { keys } })
  }

  async resize(id: string, cols: number, rows: number): Promise<void> {
    await this.#http.json('POST', `${pathOf(id)}/resize`, { body: { cols, rows } })
  }

  async signal(id: string, name: SignalName): Promise<void> {
    await this.#http.json('POST', `${pathOf(id)}/signal`, { body: { name } })
  }

  wait(id: string, body: Wait, signal?: AbortSignal): Promise<WaitResult> {
    return this.#http.json('POST', `${pathOf(id)}/wait`, { body, serverWaitMs: body.timeoutMs ?? WAIT_MS, signal })
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

  /** For operators: the warm pools, one entry a node. */
  async pools(): Promise<PoolState[]> {
    return (await this.#http.json<{ pools: PoolState[] }>('GET', '/v1/pools')).pools
  }

  /** For operators: forgets the failures of a template's pool and fills it now. */
  async resetPool(template: string): Promise<void> {
    await this.#http.json('POST', `/v1/pools/${encodeURIComponent(template)}/reset`)
  }

  /**
   * Every change of every session, over reconnects and none left out, until `signal` aborts; after `reset` list anew.
   * `onLink` hears null when events flow, else why not.
   */
  events(signal: AbortSignal, onLink?: (failure: string | null) => void): AsyncIterable<ServerEvent> {
    return serverEvents(this.#http, signal, onLink)
  }

  /** For operators, as are all calls about nodes: each answers how they are then. */
  nodes(): Promise<NodeList> {
    return this.#http.json('GET', '/v1/nodes')
  }

  /** Takes no new sessions from now on. */
  cordon(node: string): Promise<NodeList> {
    return this.#http.json('POST', `${nodePath(node)}/cordon`)
  }

  /** Ends cordon and drain. */
  uncordon(node: string): Promise<NodeList> {
    return this.#http.json('POST', `${nodePath(node)}/uncordon`)
  }

  /** Cordons; sessions without a viewer that are idle for `endIdleSeconds` are moved, or ended where `restart` is `never`. */
  drain(node: string, endIdleSeconds?: number): Promise<NodeList> {
    const query = endIdleSeconds === undefined ? '' : `?endIdleSeconds=${endIdleSeconds}`
    return this.#http.json('POST', `${nodePath(node)}/drain${query}`)
  }

  /** Freezes, or releases, every timer that ends sessions. */
  setMaintenance(on: boolean): Promise<NodeList> {
    return this.#http.json('PUT', '/v1/maintenance', { body: { on } })
  }

  /** What the caller's tenant uses of its quota. */
  usage(): Promise<Usage> {
    return this.#http.json('GET', '/v1/usage')
  }

  attach(id: string, options: AttachOptions): Attachment {
    return new Attachment(this.#dial(id, options.mode ?? 'rw'), options)
  }

  async #ownTicket(id: string, mode: 'rw' | 'ro'): Promise<string> {
    return (await this.createTicket(id, { mode, ttlSeconds: TICKET_SECONDS, uses: 1 })).ticket
  }

  #dial(id: string, mode: 'rw' | 'ro'): Dial {
    const url = `${this.#http.url.replace(/^http/, 'ws')}${pathOf(id)}/attach`
    return async () => {
      if (this.#http.key !== undefined) return this.#socket(url, [SUBPROTOCOL], this.#http.credentials)
      const ticket = this.#ticket ?? (await this.#ownTicket(id, mode))
      return this.#socket(url, [SUBPROTOCOL, `${TICKET_PREFIX}${ticket}`], {})
    }
  }
}
