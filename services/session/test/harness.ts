/** A session host in this process on a Unix socket of its own, with the two kinds of callers it has: HTTP and WebSocket. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type IncomingHttpHeaders, request, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Claim, type HostMessage, type HostStatus, SUBPROTOCOL } from '@holdfast/protocol'
import { GRANT_TTL_MS, type HostGrant, newLogger, sign } from '@holdfast/service-kit'
import WebSocket from 'ws'
import { buildHost } from '../src/app.ts'
import { Host } from '../src/host.ts'
import { listen } from '../src/listen.ts'

export const KEY = 'aa'.repeat(32)
export const HOST_ID = 'local-7f3k9m2q4x8v1a-abcdef'
export const SESSION = 'local-7f3k9m2q4x8v1a'
export const HOLD = fileURLToPath(new URL('../build/hold', import.meta.url))
/** Less than commands of tests that must not end by themselves sleep. */
const DEADLINE_MS = 40_000

export const claimOf = (command: string, args: string[] = [], more: Partial<Claim> = {}): Claim => ({
  session: SESSION,
  tenant: 'acme',
  principal: 'tester',
  incarnation: 'abcdef',
  fence: 1,
  name: 'test',
  template: 'default',
  region: 'local',
  command,
  args,
  cwd: null,
  env: {},
  cols: 80,
  rows: 24,
  sizePolicy: 'latest',
  clipboard: 'controller',
  labels: {},
  createdAt: new Date().toISOString(),
  expiresAt: null,
  idleAction: 'stop',
  restart: 'never',
  idleSeconds: null,
  replayBytes: 1024 * 1024,
  scrollbackLines: 1000,
  ...more,
})
export const shell = (script: string, more: Partial<Claim> = {}): Claim => claimOf('bash', ['-c', script], more)

export const grant = (more: Partial<HostGrant> = {}, ttlMs = GRANT_TTL_MS, key = KEY): string =>
  sign<HostGrant>(
    key,
    { host: HOST_ID, session: SESSION, fence: 1, op: 'manage', mode: 'rw', principal: 'tester', ...more },
    ttlMs,
  )

/** Polls until `met`; the deadline turns a hang into a failure that says what was missing. */
export const eventually = async (
  what: string | (() => string),
  met: () => boolean | Promise<boolean>,
): Promise<void> => {
  const deadline = Date.now() + DEADLINE_MS
  while (!(await met())) {
    if (Date.now() > deadline) throw new Error(`timed out: ${typeof what === 'string' ? what : what()}`)
    await new Promise((done) => setTimeout(done, 10))
  }
}

/** A zombie is dead: its parent has only not asked for its end yet. */
export const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

export interface Reply {
  status: number
  type: string
  headers: IncomingHttpHeaders
  bytes: Buffer
  text: string
  json(): Record<string, unknown>
}

/** One view, as a client sees it; acknowledges what comes unless told not to. */
export class View {
  readonly messages: HostMessage[] = []
  readonly chunks: Buffer[] = []
  readonly snapshots: Buffer[] = []
  /** What a terminal must be fed with to show the present state. */
  state: Buffer[] = []
  readonly socket: WebSocket
  readonly closed: Promise<{ code: number; reason: string }>
  acks = true
  /** Offset behind the last output byte received. */
  offset = 0
  /** Of the snapshot that comes next. */
  #snapshotAt: number | undefined

  constructor(socket: WebSocket) {
    this.socket = socket
    this.closed = new Promise((resolve) =>
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    )
    socket.on('message', (data, isBinary) => this.#take(data as Buffer, isBinary))
  }

  get output(): Buffer {
    return Buffer.concat(this.chunks)
  }

  get text(): string {
    return this.output.toString()
  }

  find<T extends HostMessage['type']>(type: T): Extract<HostMessage, { type: T }> | undefined {
    return this.messages.findLast((message) => message.type === type) as Extract<HostMessage, { type: T }> | undefined
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message))
  }

  type(text: string | Buffer): void {
    this.socket.send(Buffer.from(text))
  }

  attach(more: object = {}): this {
    this.send({ type: 'attach', client: 'c1', cols: 80, rows: 24, ...more })
    return this
  }

  /** Waits for the next moment at which the text holds true. */
  async shows(text: string | RegExp): Promise<void> {
    await eventually(
      () => `output with ${text}; got ${JSON.stringify(this.text.slice(-300))}`,
      () => (typeof text === 'string' ? this.text.includes(text) : text.test(this.text)),
    )
  }

  async gets<T extends HostMessage['type']>(type: T): Promise<Extract<HostMessage, { type: T }>> {
    await eventually(`message ${type}`, () => this.find(type) !== undefined)
    return this.find(type) as Extract<HostMessage, { type: T }>
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (!isBinary) {
      const message = JSON.parse(data.toString()) as HostMessage
      this.messages.push(message)
      this.#snapshotAt = message.type === 'snapshot' ? message.offset : undefined
      if (message.type === 'attached') this.offset = message.offset
      return
    }
    if (this.#snapshotAt !== undefined) {
      this.snapshots.push(data)
      this.state = [data]
      this.offset = this.#snapshotAt
    } else {
      this.chunks.push(data)
      this.state.push(data)
      this.offset += data.length
    }
    this.#snapshotAt = undefined
    if (this.acks && this.socket.protocol === SUBPROTOCOL) this.send({ type: 'ack', offset: this.offset })
  }
}

export class TestHost {
  readonly host: Host
  readonly address: string
  readonly #server: Server

  constructor(host: Host, server: Server, address: string) {
    this.host = host
    this.#server = server
    this.address = address
  }

  call(method: string, path: string, body?: unknown, token = grant()): Promise<Reply> {
    const headers = token === '' ? {} : { authorization: `Bearer ${token}` }
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: this.address, method, path, headers, agent: false }, async (response) => {
        const chunks: Buffer[] = []
        for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
        const bytes = Buffer.concat(chunks)
        const { statusCode: status = 0, headers } = response
        const text = bytes.toString()
        resolve({ status, type: headers['content-type'] ?? '', headers, bytes, text, json: () => JSON.parse(text) })
      })
      outgoing.on('error', reject)
      outgoing.end(typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body))
    })
  }

  async claim(claim: Claim): Promise<HostStatus> {
    const reply = await this.call('POST', '/claim', claim)
    if (reply.status !== 200) throw new Error(`claim: ${reply.text}`)
    return reply.json() as unknown as HostStatus
  }

  async status(): Promise<HostStatus> {
    return (await this.call('GET', '/status')).json() as unknown as HostStatus
  }

  #socket(protocols: string[], token: string, query: string): WebSocket {
    return new WebSocket(`ws+unix:${this.address}:/attach${query}`, protocols, {
      headers: { authorization: `Bearer ${token}` },
    })
  }

  async view(more: Partial<HostGrant> = {}, protocols: string[] = [SUBPROTOCOL], query = ''): Promise<View> {
    const socket = this.#socket(protocols, grant({ op: 'attach', ...more }), query)
    const view = new View(socket)
    await once(socket, 'open')
    return view
  }

  /** The HTTP answer to an attach that must not succeed. */
  async refusal(
    token: string,
    protocols: string[] = [SUBPROTOCOL],
    query = '',
  ): Promise<{ status: number; code: string }> {
    const socket = this.#socket(protocols, token, query)
    socket.on('error', () => {})
    const [, response] = await once(socket, 'unexpected-response')
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    return { status: response.statusCode, code: JSON.parse(Buffer.concat(chunks).toString()).code }
  }

  async close(): Promise<void> {
    if (this.host.claim !== null) {
      await this.host.session.stop(0)
      this.host.session.attachments.end('SESSION_ENDED', 'the test is over')
    }
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

export interface Options {
  attachTimeoutMs?: number
  oomCounters?: string[]
}

/** A host that ends with the test, and everything in its session with it. */
export const startHost = async (
  t: TestContext,
  { attachTimeoutMs, oomCounters = [] }: Options = {},
): Promise<TestHost> => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-session-'))
  const address = join(directory, 'host.sock')
  const logger = newLogger('session', 'silent')
  const surroundings = { env: { PATH: '/usr/bin:/bin', HOLDFAST_HOST_KEY: KEY }, cwd: directory }
  const host = new Host({ hostId: HOST_ID, hold: HOLD, oomCounters, surroundings, logger })
  const server = buildHost({
    host,
    hostId: HOST_ID,
    hostKey: KEY,
    logger,
    ...(attachTimeoutMs === undefined ? {} : { attachTimeoutMs }),
  })
  await listen(server, `unix:${address}`)
  const testHost = new TestHost(host, server, address)
  t.after(async () => {
    await testHost.close()
    rmSync(directory, { recursive: true, force: true })
  })
  return testHost
}
