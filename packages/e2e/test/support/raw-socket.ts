/** A WebSocket client by hand: it sends whatever bytes it is told to, and reads the frames that come back. */
import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface FrameParts {
  /** The first byte: final bit, three reserved bits, opcode. */
  first: number
  payload?: Uint8Array | string
  masked?: boolean
  /** What the header announces, when that is not the payload's length. */
  length?: bigint | undefined
}

/** A frame of a client, right or wrong; the mask is zero, so the payload stays as it is. Source: RFC 6455 §5.2. */
export const frame = ({ first, payload = '', masked = true, length }: FrameParts): Buffer => {
  const body = Buffer.from(payload as string)
  const bytes = length ?? BigInt(body.length)
  const short = bytes < 126n ? Number(bytes) : bytes < 65_536n ? 126 : 127
  const extended = Buffer.alloc(short === 127 ? 8 : short === 126 ? 2 : 0)
  if (short === 127) extended.writeBigUInt64BE(bytes)
  if (short === 126) extended.writeUInt16BE(Number(bytes))
  return Buffer.concat([
    Buffer.from([first, (masked ? 0x80 : 0) | short]),
    extended,
    Buffer.alloc(masked ? 4 : 0),
    body,
  ])
}

export const text = (message: object | string): Buffer =>
  frame({ first: 0x81, payload: typeof message === 'string' ? message : JSON.stringify(message) })

interface Received {
  opcode: number
  payload: Buffer
}

/** Whole frames at the beginning of what a server sent, and the rest. */
const takeFrames = (bytes: Buffer): { frames: Received[]; rest: Buffer } => {
  const frames: Received[] = []
  let at = 0
  while (bytes.length - at >= 2) {
    const short = (bytes[at + 1] as number) & 0x7f
    const header = short === 127 ? 10 : short === 126 ? 4 : 2
    if (bytes.length - at < header) break
    const length =
      short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short === 126 ? bytes.readUInt16BE(at + 2) : short
    if (bytes.length - at < header + length) break
    frames.push({ opcode: (bytes[at] as number) & 0x0f, payload: bytes.subarray(at + header, at + header + length) })
    at += header + length
  }
  return { frames, rest: bytes.subarray(at) }
}

export class RawSocket {
  readonly socket: Socket
  readonly frames: Received[] = []
  /** Everything before the first frame. */
  answer = ''
  readonly closed: Promise<unknown>
  #rest: Buffer = Buffer.alloc(0)

  constructor(target: NetConnectOpts) {
    this.socket = connect(target)
    this.socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => this.socket.once('close', resolve))
    this.socket.on('data', (chunk) => this.#take(chunk))
  }

  /** The code of the close frame that came; undefined when none did. */
  get closeCode(): number | undefined {
    const close = this.frames.find(({ opcode }) => opcode === OPCODE.close)
    return close?.payload.length ? close.payload.readUInt16BE(0) : undefined
  }

  get messages(): Record<string, unknown>[] {
    return this.frames
      .filter(({ opcode }) => opcode === OPCODE.text)
      .map(({ payload }) => JSON.parse(payload.toString()))
  }

  /** Resolves when the server has taken it into its buffers. */
  async send(bytes: Uint8Array): Promise<void> {
    if (this.socket.writable && !this.socket.write(bytes)) {
      await Promise.race([once(this.socket, 'drain'), this.closed])
    }
  }

  #take(chunk: Buffer): void {
    let bytes = Buffer.concat([this.#rest, chunk])
    if (this.answer === '') {
      const end = bytes.indexOf('\r\n\r\n')
      this.#rest = bytes
      if (end < 0) return
      this.answer = bytes.toString('latin1', 0, end)
      bytes = bytes.subarray(end + 4)
    }
    if (!this.answer.startsWith('HTTP/1.1 101')) return
    const { frames, rest } = takeFrames(bytes)
    this.frames.push(...frames)
    this.#rest = Buffer.from(rest)
  }
}

export const upgradeRequest = (path: string, token: string, protocols = 'holdfast.v1'): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    `Sec-WebSocket-Protocol: ${protocols}`,
    `Authorization: Bearer ${token}`,
    '\r\n',
  ].join('\r\n')
