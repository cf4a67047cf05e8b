/** Splices a client and its session host on the native relay thread: bytes pass as they are, frames are followed only to count and to close between them. */
import type { Socket } from 'node:net'
import { type Handle, type LaneCounts, native } from './native.ts'

/** Nothing at all from one side for so long: it is dead. The session host pings every client far more often than this. */
export const IDLE_MS = 75_000

/** In the order of `enum cause` in native/splice.h, which begins with nobody. */
const CAUSES = [undefined, 'client', 'host', 'drain', 'oversize', 'idle'] as const
export type Cause = Exclude<(typeof CAUSES)[number], undefined>

export interface Side {
  socket: Socket
  /** Bytes read together with the handshake. */
  head: Buffer
}

/** Milliseconds of the clock that the relay thread reads. */
export const clockMs = (): number => Number(process.hrtime.bigint()) / 1e6

/** libuv's descriptor, that Node does not document but has had since 0.x; -1: it is closed already. */
const descriptorOf = (socket: Socket): number =>
  (socket as unknown as { _handle: { fd: number } | null })._handle?.fd ?? -1

/** All that was read and not asked for yet. */
const unread = ({ socket, head }: Side): Buffer => {
  const rest: Buffer | null = socket.destroyed ? null : socket.read()
  return rest === null ? head : Buffer.concat([head, rest])
}

/** Live from construction on; `done` resolves when both connections are closed. The sockets are given up: what they wrote must be flushed. */
export class Relay {
  readonly done: Promise<void>
  readonly #handle: Handle

  constructor(client: Side, host: Side) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.done = promise
    const heads = [unread(client), unread(host)] as const
    this.#handle = native.open(descriptorOf(client.socket), heads[0], descriptorOf(host.socket), heads[1], resolve)
    // The connections live on by the thread's duplicates; what Node held for them is freed.
    client.socket.destroy()
    host.socket.destroy()
  }

  /** Who ended it first. */
  get cause(): Cause | undefined {
    return CAUSES[native.state(this.#handle).cause]
  }
  /** From client to host. */
  get in(): LaneCounts {
    return native.state(this.#handle).in
  }
  get out(): LaneCounts {
    return native.state(this.#handle).out
  }

  /** Says 1012 between two frames, then ends when the client has answered or after 2 s. */
  drain(): void {
    native.drain(this.#handle)
  }

  /** Ends it when one side has been dead for IDLE_MS at `now`, by `clockMs`. */
  sweep(now: number): void {
    native.sweep(this.#handle, now / 1000, IDLE_MS / 1000)
  }
}
