/** Splices a client and its session host: bytes pass as they are, frames are followed only to count and to close between them. */
import type { Socket } from 'node:net'
import { ERRORS, MAX_MESSAGE_BYTES } from '@holdfast/protocol'
import { closeFrame, FrameWalker, OPCODE } from './frames.ts'
import { Lane } from './lane.ts'
import type { RelayMeter } from './metrics.ts'

/** How long one side may take to answer a close, or to end after the other did. */
const CLOSING_MS = 2000
/** Nothing at all from one side for so long: it is dead. The session host pings every client far more often than this. */
export const IDLE_MS = 75_000
/** Output within this time before an input makes the next output no echo of it. */
const QUIET_MS = 50

export type Cause = 'client' | 'host' | 'drain' | 'oversize' | 'idle'

export interface Side {
  socket: Socket
  /** Bytes read together with the handshake. */
  head: Buffer
}

/** Live from construction on; `done` resolves when both sockets are closed. */
export class Relay {
  readonly done: Promise<unknown>
  /** Who ended it first. */
  cause: Cause | undefined
  readonly in: Lane
  readonly out: Lane
  readonly #client: Socket
  readonly #host: Socket
  readonly #meter: RelayMeter
  readonly #up = new FrameWalker((frame) => this.#onClientFrame(frame.opcode, frame.messageBytes))
  readonly #down = new FrameWalker((frame) => this.#onHostFrame(frame.opcode))
  #closing: { frame: Buffer; sent: boolean } | undefined
  #clientClosed = false
  #tooLarge = false
  #hostClosed = false
  #timer: NodeJS.Timeout | undefined
  /** When the input was read whose echo is awaited; 0: none is. */
  #inputAt = 0
  #outputAt = 0

  constructor(client: Side, host: Side, meter: RelayMeter) {
    this.#client = client.socket
    this.#host = host.socket
    this.#meter = meter
    this.in = new Lane(client.socket, host.socket, meter.in)
    this.out = new Lane(host.socket, client.socket, meter.out)
    this.#fromHost(host.head)
    this.#fromClient(client.head)
    this.done = this.#watch()
    client.socket.on('data', (chunk) => this.#fromClient(chunk))
    host.socket.on('data', (chunk) => this.#fromHost(chunk))
  }

  /** Says why between two frames, then ends when the client has answered or after 2 s. */
  close(cause: 'drain' | 'oversize'): void {
    if (this.#closing !== undefined) return
    this.cause ??= cause
    const { ws, meaning } = ERRORS[cause === 'drain' ? 'DRAINING' : 'TOO_LARGE']
    this.#closing = { frame: closeFrame(ws, meaning), sent: false }
    this.#destroyIn(CLOSING_MS)
    if (this.#down.atBoundary) this.#sendClose()
  }

  /**
   * Ends it when one side is dead. A client that is not read, because its session takes no input, cannot be heard and is
   * not judged; a client that took nothing for so long is. A host that has ended is not judged: its tail may be under way.
   */
  sweep(now: number): void {
    const isSilent = (socket: Socket, lane: Lane): boolean => !socket.destroyed && now - lane.heardAt >= IDLE_MS
    const clientIsSilent = isSilent(this.#client, this.in) && !this.#client.isPaused()
    if (!clientIsSilent && !isSilent(this.#host, this.out)) return
    this.cause ??= 'idle'
    this.#destroy()
  }

  #fromClient(chunk: Buffer): void {
    this.in.heardAt = performance.now()
    this.#up.walk(chunk)
    if (!this.#tooLarge) this.in.write(chunk)
    if (this.#clientClosed && this.#closing?.sent && this.#up.atBoundary) this.#end()
  }

  #fromHost(chunk: Buffer): void {
    this.out.heardAt = performance.now()
    if (this.#closing === undefined) {
      this.#down.walk(chunk)
      this.out.write(chunk)
    } else if (!this.#closing.sent) {
      const end = this.#down.step(chunk, 0)
      this.out.write(chunk.subarray(0, end))
      if (this.#down.atBoundary) this.#sendClose()
    }
  }

  #sendClose(): void {
    if (this.#closing === undefined) return
    this.#closing.sent = true
    if (!this.#hostClosed && this.#client.writable) this.#client.write(this.#closing.frame)
    this.#host.resume() // whatever it still says is dropped
    if (this.#tooLarge) this.#host.destroy()
  }

  #onClientFrame(opcode: number, messageBytes: number): void {
    if (opcode === OPCODE.close) this.#clientClosed = true
    if (opcode < OPCODE.close && messageBytes > MAX_MESSAGE_BYTES) {
      this.#tooLarge = true
      this.close('oversize')
    }
    const now = this.in.heardAt
    if (opcode === OPCODE.binary && this.#inputAt === 0 && now - this.#outputAt > QUIET_MS) this.#inputAt = now
  }

  #onHostFrame(opcode: number): void {
    if (opcode === OPCODE.close) this.#hostClosed = true
    if (opcode !== OPCODE.binary) return
    this.#outputAt = this.out.heardAt
    if (this.#inputAt === 0) return
    this.#meter.echo((this.#outputAt - this.#inputAt) / 1000)
    this.#inputAt = 0
  }

  /** A side that ends lets the other one finish: its last bytes are still passed on. */
  #watch(): Promise<unknown> {
    const closed = [this.#client, this.#host].map(
      (socket) => new Promise<void>((resolve) => (socket.closed ? resolve() : socket.once('close', resolve))),
    )
    this.#onGone(this.#client, () => {
      this.cause ??= 'client'
      this.#host.end()
      this.#destroyIn(CLOSING_MS)
    })
    this.#onGone(this.#host, () => {
      this.cause ??= 'host'
      this.#client.end() // no time limit but the sweep: a slow viewer gets its tail
    })
    return Promise.all(closed).then(() => clearTimeout(this.#timer))
  }

  /** Also when it went during the handshake, before anyone listened. */
  #onGone(socket: Socket, gone: () => void): void {
    socket.on('error', () => undefined) // 'close' follows
    socket.once('end', gone).once('close', gone)
    if (socket.readableEnded || socket.closed) gone()
  }

  #end(): void {
    this.#client.end()
    this.#host.end()
  }

  #destroyIn(ms: number): void {
    this.#timer ??= setTimeout(() => this.#destroy(), ms)
  }

  #destroy(): void {
    this.#client.destroy()
    this.#host.destroy()
  }
}
