/** Thousands of clients in one process, one plain socket each: attaches through gateways, types into some, and times the echoes. Commanded by IPC. */
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { SUBPROTOCOL } from '@holdfast/protocol'
import { FrameReader, frame, OPCODE } from './frames.ts'

export type Order =
  | { do: 'attach'; ports: number[]; sessions: string[]; key: string }
  | { do: 'type'; count: number; everyMs: number; forMs: number }
  | { do: 'leave' }
export interface Answer {
  /** Milliseconds of each echo; `missed` keys had none when the next was due. */
  times: number[]
  missed: number
  error?: string
}

/** Handshakes under way at one time. */
const AT_ONCE = 48
const STEP_MS = 10
/** A refusal that says "retry" is obeyed, as every client does. */
const TRIES = 20
const RETRY_MS = 500

class Client {
  sentAt = 0
  ended = false
  readonly attached = Promise.withResolvers<void>()
  readonly #socket: Socket
  readonly #reader = new FrameReader()
  #head: string | null = ''
  #onEcho: (ms: number) => void = () => undefined

  constructor(port: number, session: string, key: string) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true })
    const request = [
      `GET /v1/sessions/${session}/attach HTTP/1.1`,
      'Host: gateway',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
      `Authorization: Bearer ${key}`,
      '\r\n',
    ]
    this.#socket.write(request.join('\r\n'))
    this.#socket.on('data', (chunk) => this.#receive(chunk))
    this.#socket.on('error', (error) => this.attached.reject(error))
    this.#socket.on('close', () => {
      this.ended = true
      this.attached.reject(new Error('the gateway closed the connection'))
    })
    this.attached.promise.catch(() => undefined)
  }

  type(onEcho: (ms: number) => void): void {
    this.#onEcho = onEcho
    this.sentAt = performance.now()
    this.#send(OPCODE.binary, 'x')
  }

  leave(): void {
    this.#socket.destroy()
  }

  #send(opcode: number, payload: string | Uint8Array): void {
    this.#socket.write(frame(opcode, payload, true))
  }

  #receive(chunk: Buffer): void {
    if (this.#head === null) {
      this.#reader.read(chunk, (opcode, payload) => this.#hear(opcode, payload))
      return
    }
    this.#head += chunk.toString('latin1')
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return
    if (!this.#head.startsWith('HTTP/1.1 101')) {
      this.attached.reject(new Error(this.#head.slice(0, 300)))
      return
    }
    const rest = Buffer.from(this.#head.slice(end + 4), 'latin1')
    this.#head = null
    this.#send(OPCODE.text, JSON.stringify({ type: 'attach', client: 'load', mode: 'rw', cols: 80, rows: 24 }))
    if (rest.length > 0) this.#receive(rest)
  }

  #hear(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.ping) this.#send(OPCODE.pong, payload)
    else if (opcode === OPCODE.text && payload.includes('"attached"')) this.attached.resolve()
    else if (opcode === OPCODE.binary && this.sentAt > 0) {
      this.#onEcho(performance.now() - this.sentAt)
      this.sentAt = 0
    }
  }
}

const clients: Client[] = []

const attached = async (port: number, session: string, key: string): Promise<Client> => {
  for (let tries = 1; ; tries++) {
    const client = new Client(port, session, key)
    try {
      await client.attached.promise
      return client
    } catch (error) {
      client.leave()
      if (tries === TRIES || !/^HTTP\/1\.1 (429|503)/.test((error as Error).message)) throw error
      await delay(RETRY_MS)
    }
  }
}

const attachAll = async ({ ports, sessions, key }: Extract<Order, { do: 'attach' }>): Promise<void> => {
  const left = sessions.map((session, index) => ({ session, port: ports[index % ports.length] ?? 0 }))
  const worker = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      clients.push(await attached(next.port, next.session, key))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** Every one of `count` clients types a key each `everyMs`, evenly spread. */
const typeAll = async ({ count, everyMs, forMs }: Extract<Order, { do: 'type' }>): Promise<Answer> => {
  const times: number[] = []
  let missed = 0
  const typists = clients.slice(0, count)
  const begin = performance.now()
  for (let sent = 0, now = begin; now - begin < forMs; now = performance.now()) {
    for (const due = Math.floor(((now - begin) / everyMs) * count); sent < due; sent++) {
      const client = typists[sent % typists.length]
      if (client === undefined || client.sentAt > 0) missed++
      else client.type((ms) => times.push(ms))
    }
    await delay(STEP_MS)
  }
  await delay(everyMs)
  missed += typists.filter(({ sentAt }) => sentAt > 0).length
  return { times, missed }
}

const obey = async (order: Order): Promise<Answer> => {
  if (order.do === 'type') return typeAll(order)
  if (order.do === 'attach') await attachAll(order)
  else for (const client of clients.splice(0)) client.leave()
  const lost = clients.filter(({ ended }) => ended).length
  return lost === 0 ? { times: [], missed: 0 } : { times: [], missed: 0, error: `${lost} attachments were lost` }
}

process.on('message', (order: Order) => {
  obey(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ times: [], missed: 0, error: String(error) } satisfies Answer),
  )
})
