/** A session host and gateway in one, for tests: speaks `holdfast.v1` over real sockets and answers HTTP from a table. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type AttachedMessage,
  type AttachMessage,
  type ClientMessage,
  HoldfastError,
  problem,
  SUBPROTOCOL,
  WINDOW_BYTES,
} from '@holdfast/protocol'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { ByteLog } from './byte-log.ts'

/** `METHOD /path` without the query → what to answer. */
export type Answers = Record<
  string,
  (request: IncomingMessage, body: string) => { status: number; body: unknown; headers?: Record<string, string> }
>

interface Viewer {
  socket: WebSocket
  attach: AttachMessage
  cursor: number
  acked: number
}

const CHUNK_BYTES = 4096
const INPUT_ACK_MS = 5

export const session = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  id: 'local-00000000000001',
  name: 'one',
  phase: 'running',
  conditions: [],
  template: 'shell',
  command: 'bash',
  args: [],
  cwd: '/',
  cols: 80,
  rows: 24,
  labels: {},
  node: 'n1',
  runtime: 'process',
  region: 'local',
  viewers: 0,
  createdAt: new Date().toISOString(),
  ...fields,
})

export class FakeHost {
  epoch = 'e1'
  /** Output below this offset is no longer in the replay buffer. */
  replayFrom = 0
  mode: 'rw' | 'ro' = 'rw'
  /** Set: every upgrade is refused with it. */
  refusal: HoldfastError | null = null
  readonly answers: Answers = {}
  /** All that clients sent as text, and the headers of every upgrade. */
  readonly messages: ClientMessage[] = []
  readonly upgrades: IncomingMessage[] = []
  readonly viewers = new Set<Viewer>()
  readonly #output = new ByteLog()
  readonly #typed = new ByteLog()
  readonly #accepted = new Map<string, number>()
  readonly #server: Server
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => SUBPROTOCOL })
  #waiting: (() => void)[] = []

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response))
    this.#server.on('upgrade', (request, socket, head) => {
      this.upgrades.push(request)
      if (this.refusal === null) {
        this.#sockets.handleUpgrade(request, socket, head, (accepted) => this.#accept(accepted))
        return
      }
      const body = JSON.stringify(problem(this.refusal))
      const length = `content-length: ${Buffer.byteLength(body)}`
      socket.end(
        `HTTP/1.1 ${this.refusal.statusCode} No\r\ncontent-type: application/problem+json\r\n${length}\r\n\r\n${body}`,
      )
    })
  }

  static async start(): Promise<FakeHost> {
    const host = new FakeHost()
    host.#server.listen(0, '127.0.0.1')
    await once(host.#server, 'listening')
    return host
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get output(): Buffer {
    return this.#output.bytes
  }

  /** Everything typed, in the order accepted. */
  get typed(): Buffer {
    return this.#typed.bytes
  }

  /** Resolves when `condition` holds; looked at after everything that happens here. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  print(data: string | Uint8Array): void {
    this.record(data)
    for (const viewer of this.viewers) this.#pump(viewer)
  }

  /** Output that no viewer is sent. */
  record(data: string | Uint8Array): void {
    this.#output.append(typeof data === 'string' ? Buffer.from(data) : data)
  }

  tell(message: Record<string, unknown>): void {
    for (const { socket } of this.viewers) socket.send(JSON.stringify(message))
  }

  exit(exitCode: number | null, signal: string | null): void {
    this.tell({ type: 'exit', exitCode, signal, offset: this.output.length })
    for (const { socket } of this.viewers) socket.close(1000)
  }

  /** Another stream, as after a new incarnation of the session. */
  restart(epoch: string, output: string): void {
    this.epoch = epoch
    this.#output.clear()
    this.record(output)
    this.replayFrom = 0
    this.#accepted.clear()
    this.cut()
  }

  /** Every connection ends without a word. */
  cut(): void {
    for (const { socket } of this.viewers) socket.terminate()
  }

  close(code: number, reason = ''): void {
    for (const { socket } of this.viewers) socket.close(code, reason)
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #happened(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const found = this.answers[`${request.method} ${request.url?.split('?')[0]}`]
    const missing = new HoldfastError('SESSION_NOT_FOUND', 'no such session')
    const answer = found?.(request, text) ?? { status: missing.statusCode, body: problem(missing) }
    const { status, body, headers } = answer
    const raw = typeof body === 'string' || body instanceof Uint8Array
    response.writeHead(status, { 'content-type': raw ? 'text/plain' : 'application/json', ...headers })
    response.end(raw ? body : JSON.stringify(body))
    this.#happened()
  }

  #accept(socket: WebSocket): void {
    let viewer: Viewer | undefined
    socket.on('error', () => {})
    socket.on('close', () => {
      if (viewer) this.viewers.delete(viewer)
      this.#happened()
    })
    socket.on('message', (data: RawData, binary: boolean) => {
      const bytes = data as Buffer
      if (!binary) {
        const message = JSON.parse(bytes.toString()) as ClientMessage
        this.messages.push(message)
        if (message.type === 'attach') viewer = this.#attach(socket, message)
        else if (viewer) this.#obey(viewer, message)
      } else if (viewer) this.#type(viewer, bytes)
      this.#happened()
    })
  }

  #attach(socket: WebSocket, attach: AttachMessage): Viewer {
    const end = this.output.length
    const resumes = attach.epoch === this.epoch && (attach.offset ?? -1) >= this.replayFrom
    const resume = resumes ? 'delta' : this.replayFrom === 0 ? 'fresh' : 'snapshot'
    const cursor = resumes ? (attach.offset ?? 0) : resume === 'fresh' ? 0 : end
    const mode = attach.mode === 'ro' ? 'ro' : this.mode
    const attached: AttachedMessage = {
      type: 'attached',
      session: 's',
      epoch: this.epoch,
      offset: cursor,
      resume,
      inputOffset: this.#accepted.get(attach.client) ?? 0,
      mode,
      cols: attach.cols ?? 80,
      rows: attach.rows ?? 24,
      controller: attach.client,
    }
    for (const old of this.viewers) {
      if (old.attach.client !== attach.client) continue
      old.socket.removeAllListeners('message') // what is still on its way was not accepted: it will be resent
      old.socket.terminate()
    }
    const viewer = { socket, attach: { ...attach, mode }, cursor, acked: cursor }
    this.viewers.add(viewer)
    socket.send(JSON.stringify(attached))
    if (resume === 'snapshot') this.snapshot(viewer)
    this.#pump(viewer)
    return viewer
  }

  /** Skips a viewer forward: "<screen at n>" stands for the screen. */
  snapshot(viewer: Viewer): void {
    const offset = this.output.length
    viewer.cursor = offset
    viewer.acked = offset
    viewer.socket.send(JSON.stringify({ type: 'snapshot', offset, cols: 80, rows: 24 }))
    viewer.socket.send(Buffer.from(`<screen at ${offset}>`))
  }

  #obey(viewer: Viewer, message: ClientMessage): void {
    if (message.type === 'ping') viewer.socket.send(JSON.stringify({ type: 'pong', id: message.id }))
    if (message.type !== 'ack') return
    if (message.offset > viewer.cursor) throw new Error(`ack of ${message.offset}, but only ${viewer.cursor} was sent`)
    viewer.acked = Math.max(viewer.acked, message.offset)
    this.#pump(viewer)
  }

  #type({ socket, attach }: Viewer, bytes: Buffer): void {
    if (attach.mode === 'ro') {
      socket.send(JSON.stringify({ type: 'error', code: 'READ_ONLY', message: 'this attachment may not type' }))
      socket.close(4403)
      return
    }
    const offset = (this.#accepted.get(attach.client) ?? 0) + bytes.length
    this.#accepted.set(attach.client, offset)
    this.#typed.append(bytes)
    // As the real host does: together, after a while.
    setTimeout(() => socket.send(JSON.stringify({ type: 'input-ack', offset }), () => {}), INPUT_ACK_MS)
  }

  #pump(viewer: Viewer): void {
    while (viewer.cursor < this.output.length && viewer.cursor - viewer.acked < WINDOW_BYTES) {
      const chunk = this.output.subarray(viewer.cursor, viewer.cursor + CHUNK_BYTES)
      viewer.cursor += chunk.length
      viewer.socket.send(chunk)
    }
  }
}
