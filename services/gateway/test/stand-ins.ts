/** What a gateway talks to, as far as it can tell: a session host, a store, an orchestrator. */
import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { HoldfastError, problem } from '@holdfast/protocol'
import { bearer, type HostGrant, hostKey, verify } from '@holdfast/service-kit'
import type { SessionRecord, SessionStore, TicketGrant } from '@holdfast/session-store'
import { type WebSocket, WebSocketServer } from 'ws'

export const MASTER_KEY = 'a master key for tests only'

const listen = async (server: Server, where: string | number): Promise<void> => {
  if (typeof where === 'string') server.listen(where)
  else server.listen(where, '127.0.0.1')
  await once(server, 'listening')
}

/** A session host as far as a gateway can tell: checks the grant, then hands the socket to `onSocket`. */
export class StandInHost {
  readonly id: string
  readonly sockets: WebSocket[] = []
  readonly grants: HostGrant[] = []
  readonly headers: IncomingHttpHeaders[] = []
  readonly urls: string[] = []
  onSocket: (socket: WebSocket) => void = (socket) =>
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  /** Answered instead of an upgrade. */
  refuseWith: HoldfastError | undefined
  /** Takes connections and says nothing. */
  frozen = false
  readonly #server = createServer()
  readonly #wss = new WebSocketServer({
    noServer: true,
    maxPayload: 64 * 1024 * 1024,
    handleProtocols: (offered) => [...offered][0] ?? false,
  })

  constructor(id: string) {
    this.id = id
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (this.frozen) return void socket.resume().on('end', () => socket.destroy())
      this.headers.push(request.headers)
      this.urls.push(request.url ?? '')
      try {
        if (this.refuseWith) throw this.refuseWith
        this.grants.push(verify<HostGrant>(hostKey(MASTER_KEY, id), bearer(request.headers.authorization) ?? '').body)
      } catch (thrown) {
        const error = thrown as HoldfastError
        const body = JSON.stringify(problem(error))
        socket.end(
          `HTTP/1.1 ${error.statusCode} No\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
        )
        return
      }
      this.#wss.handleUpgrade(request, socket, head, (upgraded) => {
        this.sockets.push(upgraded)
        upgraded.on('error', () => undefined)
        this.onSocket(upgraded)
      })
    })
  }

  listen(path: string): Promise<void> {
    return listen(this.#server, path)
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.terminate()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

export class MemoryStore implements Pick<SessionStore, 'get' | 'takeTicket'> {
  readonly records = new Map<string, SessionRecord>()
  readonly tickets = new Map<string, TicketGrant & { uses: number; expires: number }>()
  down = false
  gets = 0

  #check(): void {
    if (this.down) throw new HoldfastError('STORE_UNAVAILABLE', 'the test says so')
  }
  async get(tenant: string, id: string): Promise<SessionRecord | null> {
    this.gets += 1
    this.#check()
    const record = this.records.get(id)
    return record?.tenant === tenant ? record : null
  }
  async takeTicket(ticket: string): Promise<TicketGrant | null> {
    this.#check()
    const found = this.tickets.get(ticket)
    if (found === undefined || found.uses < 1 || found.expires <= Date.now()) return null
    found.uses -= 1
    const { tenant, session, principal, mode } = found
    return { tenant, session, principal, mode }
  }
}

export interface Seen {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

const NO_SESSION = new HoldfastError('SESSION_NOT_FOUND', 'no such session')

export class StandInOrchestrator {
  readonly seen: Seen[] = []
  /** What `/internal/resolve/{id}` knows. */
  readonly known = new Map<string, object>()
  /** What `/internal/wake/{id}` answers. */
  readonly woken = new Map<string, object>()
  answer: (response: ServerResponse, seen: Seen) => void = (response, seen) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ echo: seen.body }))
  }
  url = ''
  readonly #server = createServer((request, response) => {
    this.#handle(request, response).catch(() => response.destroy()) // the request was cut off
  })

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request) body += chunk
    const seen = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
    this.seen.push(seen)
    const [, action, session] = /^\/internal\/(resolve|wake)\/(.+)$/.exec(seen.url) ?? []
    if (session === undefined) return this.answer(response, seen)
    const found = (action === 'wake' ? this.woken : this.known).get(session)
    response.statusCode = found ? 200 : 404
    response.end(JSON.stringify(found ?? problem(NO_SESSION)))
  }

  async start(): Promise<void> {
    await listen(this.#server, 0)
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }
  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const gone = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await gone
  }
}
