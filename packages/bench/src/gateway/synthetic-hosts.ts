/** Any number of session hosts in one process, on one socket: `synthetic-hosts.ts SOCKET MASTER_KEY_FILE`. They check grants, attach, echo, acknowledge and ping as real ones do. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { ACK_DELAY_MS, type AttachMessage, type HostMessage, SUBPROTOCOL } from '@holdfast/protocol'
import { type HostGrant, hostKey, verify } from '@holdfast/service-kit'
import { FrameReader, frame, OPCODE } from './frames.ts'

/** As often as a real host looks after a silent peer; services/session/src/attach-route.ts. */
const PING_MS = 30_000
const PING_STEP_MS = 100

const [path = '', masterKeyFile = ''] = process.argv.slice(2)
const masterKey = readFileSync(masterKeyFile, 'utf8').trim()
const peers: Peer[] = []

/** Throws when the gateway sent no grant of ours. Each host has its own key; the grant says which host is meant. */
const checkGrant = (token: string): HostGrant => {
  const claimed = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { body: HostGrant }
  const { body } = verify<HostGrant>(hostKey(masterKey, claimed.body.host), token)
  if (body.op !== 'attach') throw new Error(`a grant for ${body.op}`)
  return body
}

const answerTo = (head: string): { answer: string; session: string } => {
  const header = (name: string) => new RegExp(`^${name}: *(\\S+)(.*)$`, 'im').exec(head)
  const grant = checkGrant(header('authorization')?.[2]?.trim() ?? '')
  const key = header('sec-websocket-key')?.[1] ?? ''
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  const answer = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
    '\r\n',
  ].join('\r\n')
  return { answer, session: grant.session }
}

class Peer {
  readonly #socket: Socket
  readonly #reader = new FrameReader()
  #head = ''
  #session: string | null = null
  #offset = 0
  #inputOffset = 0
  #ackTimer: NodeJS.Timeout | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => clearTimeout(this.#ackTimer))
  }

  get closed(): boolean {
    return this.#socket.destroyed
  }

  ping(): void {
    if (this.#session !== null) this.#socket.write(frame(OPCODE.ping, '', false))
  }

  #receive(chunk: Buffer): void {
    if (this.#session !== null) {
      this.#reader.read(chunk, (opcode, payload) => this.#hear(opcode, payload))
      return
    }
    this.#head += chunk.toString('latin1')
    if (!this.#head.includes('\r\n\r\n')) return
    try {
      const { answer, session } = answerTo(this.#head)
      this.#session = session
      this.#head = ''
      this.#socket.write(answer)
    } catch (error) {
      this.#socket.end(`HTTP/1.1 401 ${(error as Error).message}\r\ncontent-length: 0\r\n\r\n`)
    }
  }

  #hear(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.close) this.#socket.end(frame(OPCODE.close, payload, false))
    else if (opcode === OPCODE.binary) this.#echo(payload)
    else if (opcode === OPCODE.text) this.#command(JSON.parse(payload.toString()))
  }

  #command(message: { type: string } & Partial<AttachMessage>): void {
    if (message.type !== 'attach') return
    const { client = '', cols = 80, rows = 24 } = message
    const state = { offset: this.#offset, inputOffset: 0, mode: 'rw' as const, cols, rows, controller: client }
    this.#say({ type: 'attached', session: this.#session ?? '', epoch: 'bench', resume: 'fresh', ...state })
  }

  #echo(payload: Buffer): void {
    this.#offset += payload.length
    this.#inputOffset += payload.length
    this.#socket.write(frame(OPCODE.binary, payload, false))
    this.#ackTimer ??= setTimeout(() => {
      this.#ackTimer = undefined
      this.#say({ type: 'input-ack', offset: this.#inputOffset })
    }, ACK_DELAY_MS)
  }

  #say(message: HostMessage): void {
    this.#socket.write(frame(OPCODE.text, JSON.stringify(message), false))
  }
}

/** Spread over the whole period, as the peers of thousands of processes are. */
const pingInTurns = (): void => {
  let at = 0
  setInterval(() => {
    const share = Math.ceil((peers.length * PING_STEP_MS) / PING_MS)
    for (let i = 0; i < share && peers.length > 0; i++) {
      at = (at + 1) % peers.length
      if (peers[at]?.closed) peers.splice(at, 1)
      else peers[at]?.ping()
    }
  }, PING_STEP_MS)
}

createServer((socket) => peers.push(new Peer(socket))).listen({ path, backlog: 4096 }, () => {
  pingInTurns()
  process.send?.('listening')
})
