/** A viewer's connection by hand: frames as bytes, to be cut wherever a test likes. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Stream } from '../src/stream.ts'
import type { ViewerSocket } from '../src/viewer-socket.ts'

const MASK = Buffer.from([0x11, 0xa2, 0x33, 0xf4])

/** A client's frame (RFC 6455 §5.2). `first`: FIN, reserved bits and opcode. */
export const frame = (first: number, payload: string | Buffer): Buffer => {
  const bytes = Buffer.from(payload)
  const { length } = bytes
  const long = [0x80 | 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff]
  const size = length < 126 ? [0x80 | length] : length < 65_536 ? [0x80 | 126, length >> 8, length & 0xff] : long
  const masked = bytes.map((byte, at) => byte ^ (MASK[at % 4] ?? 0))
  return Buffer.concat([Buffer.from([first, ...size]), MASK, masked])
}
export const binary = (payload: string): Buffer => frame(0x82, payload)
export const text = (payload: string): Buffer => frame(0x81, payload)
export const ack = (offset: number): Buffer => text(`{"type":"ack","offset":${offset}}`)

export class RawClient {
  readonly socket: Socket
  #received = Buffer.alloc(0)

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes])
    })
    socket.on('error', () => undefined)
  }

  get received(): Buffer {
    return this.#received
  }

  get text(): string {
    return this.#received.toString('latin1')
  }

  send(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames))
  }
}

/** A viewer that has not joined yet, and its client. */
export const connection = async (
  t: TestContext,
  stream: Stream,
): Promise<{ socket: ViewerSocket; client: RawClient }> => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-frames-'))
  const server = createServer({ pauseOnConnect: true }).listen(join(directory, 's'))
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = new RawClient(connect(join(directory, 's')))
  const [peer] = await accepted
  const socket = stream.accept(peer, Buffer.alloc(0))
  socket.on('error', () => undefined)
  t.after(() => {
    client.socket.destroy()
    socket.destroy()
    server.close()
    rmSync(directory, { recursive: true, force: true })
  })
  return { socket, client }
}
