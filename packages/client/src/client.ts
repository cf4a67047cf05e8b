/** The HTTP API of a gateway, one method a call, and the way to an attachment. Throws HoldfastError with the server's code. */
import {
  CHART_MINUTES,
  type Charts,
  type CreateSession,
  type Death,
  type DeathPage,
  type Extend,
  type NodeList,
  OUTPUT_FROM,
  type Phase,
  type Placement,
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
import { type FileBody, Http } from './http.ts'
import type { Dial } from './link.ts'
import { type RetryOptions, retryWhenTold } from './retry-after.ts'
import type { SocketFactory } from './socket.ts'

/** Where the gateway is, and who asks. */
export interface ClientOptions {
  /** Of the gateway, e.g. http://127.0.0.1:8080; a path prefix is kept. */
  url: string
  /** API key. Without one (in a browser) the cookie counts for HTTP, and every connect of an attachment takes a fresh ticket. */
  key?: string
  /** Instead of a key: the right to attach to one session, once for each use it has left. */
  ticket?: string
  /** Opens WebSockets. Default: the package `ws` on Node, the browser's own in a browser. */
  socket?: SocketFactory
}

/** Of a create, beside its body. */
export interface CreateOptions extends RetryOptions {
  /** How long the gateway waits for the session to run before it answers, seconds. Default: 30. */
  waitSeconds?: number
  /** 1 to 255 characters: for a day, a repetition with the same key and body gets the session that is there. */
  idempotencyKey?: string
}

/** Which ends are wanted. */
export interface DeathQuery {
  /** Id; without it those of all sessions of the tenant. */
  session?: string
  /** Entries of a page, 1 to 200. Default: 50. */
  limit?: number
  /** Of the page before: where this one begins. */
  cursor?: string
}

/** Which session placement is asked for. */
export interface PlacementQuery {
  /** Default: the default template. */
  template?: string
  /** Each `name=value` that the node must have. */
  label?: readonly string[]
}

/** Which sessions are wanted. */
export interface ListQuery {
  /** Only those in this phase. */
  phase?: Phase
  /** Each `name=value`; all must match. */
  label?: readonly string[]
  /** Entries of a page, 1 to 200. Default: 50. */
  limit?: number
  /** Of the page before: where this one begins. */
  cursor?: string
}

/** Which part of a session's output is wanted. */
export interface OutputRange {
  /** Offset of the first byte. Default: 0, the beginning. */
  from?: number
  /** Offset behind the last byte. Default: all there is now. */
  to?: number
  /** What is still held of it will do. Default: it is refused with OUTPUT_GONE when its beginning is no longer there. */
  partial?: boolean
}

/** Part of a session's output. */
export interface OutputPart {
  /** Offset of the first byte: the one asked for, or in a partial answer the first one that is still held. */
  from: number
  /** As the programs wrote them, control sequences included. */
  bytes: Uint8Array
}

/** Of an upload. */
export interface UploadOptions {
  /** Replace the file that is there. Default: it is refused with FILE_EXISTS. */
  overwrite?: boolean
  /** Ends it; then nothing of it is left. */
  signal?: AbortSignal
}

/** A file on its way from a session. */
export interface Download {
  /** Bytes; null when its host does not tell. */
  size: number | null
  /** Its bytes, as they are taken. Cancelling it ends the call. */
  body: ReadableStream<Uint8Array>
}

/** Seconds the gateway waits for a new session to run when the caller does not say; DESIGN §4. */
const CREATE_WAIT_SECONDS = 30
/** The longest that the gateway waits for a session to be suspended or to run again. */
const SUSPEND_WAIT_MS = 20_000
/** A ticket is used at once. */
const TICKET_SECONDS = 30

const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))

const queryOf = (query: ListQuery | PlacementQuery | DeathQuery | OutputRange): string => {
  const entries = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((item): [string, string] => [name, String(item)]),
  )
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries)}`
}

const nodePath = (node: string): string => `/v1/nodes/${encodeURIComponent(node)}`
const pathOf = (id: string): string => `/v1/sessions/${encodeURIComponent(id)}`

/**
 * The sessions of one tenant behind a gateway. Every call is one HTTP request, of at most 30 s beyond what it waits for, and
 * rejects with a `HoldfastError` that has the server's code. Beside what a call names there are UNAUTHENTICATED and FORBIDDEN for
 * the key, BAD_REQUEST for arguments, SESSION_NOT_FOUND for an id, and for what may pass HOST_UNREACHABLE (no gateway),
 * ORCHESTRATOR_UNAVAILABLE, STORE_UNAVAILABLE, DRAINING and TIMEOUT; `error.retryable` tells the two kinds apart.
 */
export class HoldfastClient {
  readonly #http: Http
  readonly #socket: SocketFactory
  readonly #ticket: string | undefined

  /** Connects to nothing yet. */
  constructor(options: ClientOptions) {
    this.#http = new Http(options.url, options.key)
    this.#socket = options.socket ?? defaultSocket
    this.#ticket = options.ticket
  }

  /**
   * Resolves when the session runs, or, still `pending` or `starting`, after `waitSeconds`. Refused for its tenant's speed
   * (TOO_MANY), it tries again when the server says, as long as that is within `retryForMs` in all; `onRetry` hears of it.
   * Throws UNKNOWN_TEMPLATE, COMMAND_NOT_FOUND, CWD_NOT_FOUND, IDEMPOTENCY_CONFLICT, QUOTA_EXCEEDED, TOO_MANY, and RUNTIME_UNAVAILABLE
   * when no node takes it. A session that fails later than that is given with phase `failed` and its `reason`.
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

  /** One page, newest first; `allSessions` has all of them. */
  listSessions(query: ListQuery = {}): Promise<SessionPage> {
    return this.#http.json('GET', `/v1/sessions${queryOf(query)}`)
  }

  /** As it is now, with the commands of its shell; `resources`: and what its processes use. Throws SESSION_NOT_FOUND. */
  getSession(id: string, { resources = false } = {}): Promise<Session> {
    return this.#http.json('GET', `${pathOf(id)}${resources ? '?resources=true' : ''}`)
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

  /** For operators: removes exactly these hosts, by their ids, if they are still nobody's. */
  reap(confirm: 'all' | readonly string[]): Promise<Reaped> {
    return this.#http.json('POST', '/v1/reap', { body: { confirm } })
  }

  /** Stops the session, HUP and TERM first and KILL 5 s later, and forgets it; ends are kept (`deaths`). */
  async deleteSession(id: string): Promise<void> {
    await this.#http.json('DELETE', pathOf(id))
  }

  /**
   * The environment that it was given, without what its template gives: for who made it, FORBIDDEN for others. It may hold
   * secrets. Throws SESSION_ENDED, SESSION_STARTING before it runs, and SESSION_SUSPENDED of a frozen one.
   */
  async environment(id: string): Promise<Record<string, string>> {
    return (await this.#http.json<{ env: Record<string, string> }>('GET', `${pathOf(id)}/environment`)).env
  }

  /** Another name, other labels; a label with null goes. Throws BAD_REQUEST above 32 labels. */
  updateSession(id: string, body: Update): Promise<Session> {
    return this.#http.json('PATCH', pathOf(id), { body })
  }

  /** More time, counted from now; throws SESSION_ENDED, and SESSION_STARTING before it runs. */
  extendSession(id: string, body: Extend): Promise<Session> {
    return this.#http.json('POST', `${pathOf(id)}/extend`, { body })
  }

  /** Stops it, keeping its files and its screen, or freezes it; until `resumeSession` or until someone attaches. Throws as `extendSession`. */
  suspendSession(id: string, options: { freeze?: boolean } = {}): Promise<Session> {
    return this.#http.json('POST', `${pathOf(id)}/suspend`, { body: options, serverWaitMs: SUSPEND_WAIT_MS })
  }

  /** Runs it again, or starts its command anew where it was stopped. Throws SESSION_ENDED. */
  resumeSession(id: string): Promise<Session> {
    return this.#http.json('POST', `${pathOf(id)}/resume`, { serverWaitMs: SUSPEND_WAIT_MS })
  }

  /**
   * Types text or bytes as they are. Throws SESSION_ENDED, SESSION_STARTING, SESSION_SUSPENDED, TOO_MANY while the program reads
   * nothing, and TOO_LARGE above 1 MiB of JSON, in which bytes are base64.
   */
  async input(id: string, data: string | Uint8Array): Promise<void> {
    const body = typeof data === 'string' ? { text: data } : { base64: base64(data) }
    await this.#http.json('POST', `${pathOf(id)}/input`, { body })
  }

  /** As a terminal pastes: in brackets if the program asks for that, without control characters. Throws as `input`. */
  async paste(id: string, text: string): Promise<void> {
    await this.#http.json('POST', `${pathOf(id)}/input`, { body: { paste: text } })
  }

  /** Presses keys, named as in tmux: `C-c`, `M-x`, `Enter`, `Up`, `F5`, or single characters. Throws BAD_REQUEST for an unknown one. */
  async sendKeys(id: string, keys: readonly string[]): Promise<void> {
    await this.#http.json('POST', `${pathOf(id)}/input`, { body: { keys } })
  }

  /** Sets the size, 2 to 1000 columns and 1 to 1000 rows, whatever viewers there are. Throws as `input`. */
  async resize(id: string, cols: number, rows: number): Promise<void> {
    await this.#http.json('POST', `${pathOf(id)}/resize`, { body: { cols, rows } })
  }

  /** To the job in the foreground. Throws as `input`, and BAD_REQUEST when no process takes it. */
  async signal(id: string, name: SignalName): Promise<void> {
    await this.#http.json('POST', `${pathOf(id)}/signal`, { body: { name } })
  }

  /**
   * Answers when what is waited for is there: `met`. Without it, when the command ends (with its exit code) or after `timeoutMs`.
   * Aborting `signal` gives up and rejects with its reason. Throws BAD_REQUEST for what is no regular expression, SESSION_STARTING,
   * SESSION_SUSPENDED. Of a session that has ended it answers at once: `exit` and `idle` are met, a text if the last screen has it.
   */
  wait(id: string, body: Wait, signal?: AbortSignal): Promise<WaitResult> {
    return this.#http.json('POST', `${pathOf(id)}/wait`, { body, serverWaitMs: body.timeoutMs ?? WAIT_MS, signal })
  }

  /** The screen with `scrollback` lines above it, also after the session ended; `json` is a `ScreenJson` as text. Throws NOT_FOUND when none is kept. */
  screen(id: string, format: ScreenFormat, scrollback = 0): Promise<string> {
    return this.#http.text(`${pathOf(id)}/screen?format=${format}&scrollback=${scrollback}`)
  }

  /**
   * The output's bytes from `from` up to `to`, such as those of a command (`start` and `end`), out of the replay buffer (1 MiB unless
   * the template says otherwise); of an ended session while its host stays, a minute. Throws OUTPUT_GONE, TOO_LARGE
   * above 32 MiB, SESSION_ENDED, SESSION_STARTING, SESSION_SUSPENDED, and BAD_REQUEST for a part that is beyond the end or ends before it begins.
   */
  async output(id: string, range: OutputRange = {}): Promise<OutputPart> {
    const { headers, bytes } = await this.#http.bytes(`${pathOf(id)}/output${queryOf(range)}`)
    return { from: Number(headers.get(OUTPUT_FROM)), bytes }
  }

  /**
   * Writes a file of the session: whole or not at all, with the rights of its user. A relative path begins where its shell is.
   * Throws FILE_EXISTS, FILE_NOT_FOUND for the directory, FILE_DENIED, DISK_FULL, TOO_LARGE above 1 GiB, BAD_REQUEST for what is no
   * regular file, SESSION_ENDED, SESSION_STARTING, SESSION_SUSPENDED, and NOT_FOUND from a host of an older version. A stream can only
   * be sent from Node.
   */
  async upload(id: string, path: string, data: FileBody, options: UploadOptions = {}): Promise<void> {
    await this.#http.transfer('PUT', this.fileUrl(id, path, options.overwrite), data, options.signal)
  }

  /** A file of the session, as its user may read it. Throws as `upload`. */
  async download(id: string, path: string, signal?: AbortSignal): Promise<Download> {
    const { headers, body } = await this.#http.transfer('GET', this.fileUrl(id, path), undefined, signal)
    const size = headers.get('content-length')
    return { size: size === null ? null : Number(size), body: body ?? new Blob([]).stream() }
  }

  /** Where a file of the session is, from the gateway's own address on: for a page that lets its browser fetch it. */
  fileUrl(id: string, path: string, overwrite = false): string {
    return `${pathOf(id)}/files?${new URLSearchParams({ path, ...(overwrite ? { overwrite: 'true' } : {}) })}`
  }

  /** A ticket with which a browser may attach without a key: read-only or not, for 60 s and once unless `ttlSeconds` and `uses` say more. Throws SESSION_ENDED. */
  createTicket(id: string, body: { mode?: 'rw' | 'ro'; ttlSeconds?: number; uses?: number }): Promise<Ticket> {
    return this.#http.json('POST', `${pathOf(id)}/tickets`, { body })
  }

  /** What sessions can be made from, the default one first. */
  async templates(): Promise<Template[]> {
    return (await this.#http.json<{ templates: Template[] }>('GET', '/v1/templates')).templates
  }

  /** For operators: the warm pools, one entry a node. */
  async pools(): Promise<PoolState[]> {
    return (await this.#http.json<{ pools: PoolState[] }>('GET', '/v1/pools')).pools
  }

  /** For operators: forgets the failures of a template's pool and fills it now. Throws UNKNOWN_TEMPLATE. */
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

  /** All nodes. For operators, as are all calls about nodes: each answers how they are then. */
  nodes(): Promise<NodeList> {
    return this.#http.json('GET', '/v1/nodes')
  }

  /** The node takes no new sessions from now on. Throws NODE_NOT_FOUND. */
  cordon(node: string): Promise<NodeList> {
    return this.#http.json('POST', `${nodePath(node)}/cordon`)
  }

  /** Ends cordon and drain. Throws NODE_NOT_FOUND. */
  uncordon(node: string): Promise<NodeList> {
    return this.#http.json('POST', `${nodePath(node)}/uncordon`)
  }

  /** Cordons; sessions without a viewer that are idle for `endIdleSeconds` are moved, or ended where `restart` is `never`. Throws NODE_NOT_FOUND. */
  drain(node: string, endIdleSeconds?: number): Promise<NodeList> {
    const query = endIdleSeconds === undefined ? '' : `?endIdleSeconds=${endIdleSeconds}`
    return this.#http.json('POST', `${nodePath(node)}/drain${query}`)
  }

  /** Freezes, or releases, every timer that ends sessions. */
  setMaintenance(on: boolean): Promise<NodeList> {
    return this.#http.json('PUT', '/v1/maintenance', { body: { on } })
  }

  /** For operators: where a session would go now, and what speaks against each other node. Throws UNKNOWN_TEMPLATE. */
  placement(query: PlacementQuery = {}): Promise<Placement> {
    return this.#http.json('GET', `/v1/placement${queryOf(query)}`)
  }

  /** For operators: numbers of the last `minutes`, 1 to 60. */
  charts(minutes = CHART_MINUTES): Promise<Charts> {
    return this.#http.json('GET', `/v1/charts?minutes=${minutes}`)
  }

  /** What the caller's tenant uses of its quota. */
  usage(): Promise<Usage> {
    return this.#http.json('GET', '/v1/usage')
  }

  /** Returns at once and connects in the background; a failure is told by the attachment's `ended` and `onState`. Wakes a suspended session. */
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
