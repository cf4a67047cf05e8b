/** A stand-in for gateway, orchestrator and session hosts: enough of the API for the console's browser tests, with handles to break it. */
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import {
  type CreateSession,
  createSessionSchema,
  HoldfastError,
  problem,
  type Session,
  TICKET_PREFIX,
} from '@holdfast/protocol'
import { type WebSocket, WebSocketServer } from 'ws'
import { EchoHost } from './echo-host.ts'
import { fakeSession, fakeWhy } from './fake-session.ts'
import { OperatorSide } from './stand-in-operator.ts'

export const KEY = 'hf_0123456789abcdefghjkmnpqrstvwxyz01234567'
export const TEMPLATES = [
  { name: 'shell', description: 'A general shell: bash, git, curl, vim.', command: ['bash', '-l'] },
  { name: 'node', description: 'Node 24 without network.', command: ['node'], network: false },
]
/** The part of the orchestrator's OpenAPI document that the console reads. */
const DESCRIPTION = {
  paths: {
    '/v1/sessions': { post: { requestBody: { content: { 'application/json': { schema: createSessionSchema } } } } },
  },
}
/** As the gateway sends it: xterm.js puts its sizes and colours into style elements and attributes. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}
const COOKIE = 'holdfast=signed-in'

const readJson = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text === '' ? {} : JSON.parse(text)
}

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

export class StandIn {
  readonly sessions = new Map<string, Session>()
  readonly hosts = new Map<string, EchoHost>()
  readonly tickets = new Set<string>()
  /** Bodies of creates. */
  readonly asked: CreateSession[] = []
  readonly sockets = new Set<WebSocket>()
  /** Files of every session, by the path that is asked for. */
  readonly files = new Map<string, Buffer>()
  /** Ends what is uploaded with this, when set; 'stall' takes nothing. */
  uploads: HoldfastError | 'stall' | null = null
  /** Refuse new terminal connections while true. */
  down = false
  /** Refuse the stream of events while true. */
  eventsDown = false
  /** Of whoever signs in. */
  role: 'user' | 'operator' = 'user'
  readonly operator = new OperatorSide()
  /** As `ansi`, by session; and whose was asked for. */
  readonly screens = new Map<string, string>()
  readonly screensAsked: string[] = []
  readonly #dist: string
  readonly #streams = new Set<ServerResponse>()
  readonly #server = createServer((request, response) => {
    this.#handle(request, response).catch((error: unknown) => {
      const known = error instanceof HoldfastError ? error : new HoldfastError('INTERNAL', String(error))
      response
        .writeHead(known.statusCode, { 'content-type': 'application/problem+json' })
        .end(JSON.stringify(problem(known)))
    })
  })
  readonly #upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: false })

  constructor(dist: string) {
    this.#dist = dist
    this.#server.on('upgrade', (request, socket, head) => {
      const offered = (request.headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/)
      const ticket = offered.find((entry) => entry.startsWith(TICKET_PREFIX))?.slice(TICKET_PREFIX.length) ?? ''
      const host = this.hosts.get(/^\/v1\/sessions\/([^/]+)\/attach$/.exec(request.url ?? '')?.[1] ?? '')
      if (this.down || !host || !this.tickets.delete(ticket)) {
        socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n')
        return
      }
      this.#upgrades.handleUpgrade(request, socket, head, (ws) => {
        this.sockets.add(ws)
        ws.on('close', () => this.sockets.delete(ws))
        host.serve(ws)
      })
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.dropSockets()
    this.#server.closeAllConnections()
    await new Promise((done) => this.#server.close(done))
  }

  add(session: Session): EchoHost {
    const host = new EchoHost(session)
    this.sessions.set(session.id, session)
    this.hosts.set(session.id, host)
    return host
  }

  /** Changes a session and tells every page. */
  change(id: string, fields: Partial<Session>): void {
    const session = { ...(this.sessions.get(id) ?? fakeSession({ id })), ...fields }
    this.sessions.set(id, session)
    for (const stream of this.#streams)
      stream.write(`id: ${Date.now()}\nevent: session\ndata: ${JSON.stringify({ type: 'session', session })}\n\n`)
  }

  /** As a killed gateway does: no close frame. */
  dropSockets(): void {
    for (const socket of this.sockets) socket.terminate()
  }

  dropEvents(): void {
    for (const stream of this.#streams) stream.destroy()
  }

  get eventStreams(): number {
    return this.#streams.size
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stand-in')
    const path = url.pathname
    if (path === '/login' || path === '/logout') return this.#account(request, response, path)
    if (!path.startsWith('/v1/')) return this.#file(response, path)
    if (!request.headers.cookie?.includes(COOKIE)) throw new HoldfastError('UNAUTHENTICATED', 'Sign in first.')
    const [, , resource, id, action] = path.split('/')
    if (resource === 'openapi.json') return json(response, 200, DESCRIPTION)
    if (resource === 'templates') return json(response, 200, { templates: TEMPLATES })
    if (resource === 'events') return this.#events(response)
    if (resource !== 'sessions') return this.#operate(request, response, url)
    if (id !== undefined) return this.#session(request, response, id, action)
    if (request.method === 'GET') return json(response, 200, this.#page(url.searchParams))
    json(response, 201, this.#create((await readJson(request)) as CreateSession))
  }

  async #operate(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (this.role !== 'operator') throw new HoldfastError('FORBIDDEN', 'only operators may do this')
    const answer = this.operator.answer(request.method ?? '', url, await readJson(request))
    if (answer === undefined) throw new HoldfastError('NOT_FOUND', url.pathname)
    json(response, 200, answer)
  }

  #page(query: URLSearchParams): { sessions: Session[]; cursor?: string } {
    const from = Number(query.get('cursor') ?? 0)
    const to = from + Number(query.get('limit') ?? 50)
    const sessions = [...this.sessions.values()].slice(from, to)
    return to < this.sessions.size ? { sessions, cursor: String(to) } : { sessions }
  }

  async #account(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (path === '/logout') {
      response.writeHead(204, { 'set-cookie': 'holdfast=; Max-Age=0; Path=/' }).end()
    } else if (request.method === 'POST') {
      if ((await readJson(request)).key !== KEY) throw new HoldfastError('UNAUTHENTICATED', 'Unknown key.')
      response.writeHead(204, { 'set-cookie': `${COOKIE}; HttpOnly; SameSite=Strict; Path=/` }).end()
    } else if (request.headers.cookie?.includes(COOKIE)) {
      json(response, 200, { principal: 'ada', tenant: 'default', role: this.role })
    } else throw new HoldfastError('UNAUTHENTICATED', 'Sign in first.')
  }

  async #file(response: ServerResponse, path: string): Promise<void> {
    const name = normalize(path === '/' ? '/index.html' : path)
    const body = await readFile(join(this.#dist, name)).catch(() => {
      throw new HoldfastError('NOT_FOUND', path)
    })
    const type = TYPES[extname(name)] ?? 'application/octet-stream'
    response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }).end(body)
  }

  #events(response: ServerResponse): void {
    if (this.eventsDown) throw new HoldfastError('STORE_UNAVAILABLE', 'Redis does not answer.')
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(': open\n\n')
    this.#streams.add(response)
    response.on('close', () => this.#streams.delete(response))
  }

  async #session(request: IncomingMessage, response: ServerResponse, id: string, action?: string): Promise<void> {
    const session = this.sessions.get(id)
    if (action === 'deaths')
      return json(response, 200, { deaths: this.operator.deaths.filter((death) => death.session === id) })
    if (!session) throw new HoldfastError('SESSION_NOT_FOUND', `There is no session ${id}.`)
    if (action === 'files') return this.#transfer(request, response)
    if (action === 'tickets') {
      await readJson(request)
      if (!this.hosts.has(id)) throw new HoldfastError('SESSION_ENDED', 'The session has ended.')
      const ticket = crypto.randomUUID().replaceAll('-', '')
      this.tickets.add(ticket)
      json(response, 201, { ticket, mode: 'rw', uses: 1, expiresAt: new Date(Date.now() + 60_000).toISOString() })
    } else if (action === 'screen') {
      this.screensAsked.push(id)
      const text = this.screens.get(id) ?? 'the last line\nand \x1b[32mgreen\x1b[0m'
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
    } else if (action === 'why') {
      json(response, 200, fakeWhy(session))
    } else if (request.method === 'DELETE') {
      this.sessions.delete(id)
      for (const stream of this.#streams)
        stream.write(`event: removed\ndata: ${JSON.stringify({ type: 'removed', id })}\n\n`)
      response.writeHead(204).end()
    } else json(response, 200, session)
  }

  async #transfer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { searchParams: query } = new URL(request.url ?? '', 'http://stand-in')
    const path = query.get('path') ?? ''
    const found = this.files.get(path)
    if (request.method === 'GET') {
      if (found === undefined)
        throw new HoldfastError('FILE_NOT_FOUND', `"${path}": there is no such file or directory`)
      response.writeHead(200, { 'content-disposition': `attachment; filename="${path}"` }).end(found)
      return
    }
    if (found !== undefined && query.get('overwrite') !== 'true') throw new HoldfastError('FILE_EXISTS', path)
    if (this.uploads === 'stall') return
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    if (this.uploads !== null) throw this.uploads
    this.files.set(path, Buffer.concat(chunks))
    response.writeHead(204).end()
  }

  #create(body: CreateSession): Session {
    this.asked.push(body)
    const id = `local-${crypto.randomUUID().replaceAll('-', '').slice(0, 14)}`
    const template = TEMPLATES.find((candidate) => candidate.name === body.template)
    if (!template) throw new HoldfastError('UNKNOWN_TEMPLATE', `There is no template ${body.template}.`)
    const [command = '', ...args] = template.command
    const session = fakeSession({
      id,
      name: body.name ?? id,
      template: template.name,
      command: body.command ?? command,
      args: body.args ?? args,
    })
    this.add(session)
    return session
  }
}
