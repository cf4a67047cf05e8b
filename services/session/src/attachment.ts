/** One client's live view: what the stream's thread sends it is a cursor over the replay buffer; what has to be said between is said here. */
import { ERRORS, type ErrorCode, type HostMessage, MAX_MESSAGE_BYTES, WINDOW_BYTES } from '@holdfast/protocol'
import { LatestMessages } from './latest-messages.ts'
import type { Snapshot } from './screen.ts'
import type { Resized, Viewer, Watched, Wire } from './viewer.ts'

/** Beyond it no state is put into the socket: it may be news no more when its turn comes. */
const MAX_BUFFERED_BYTES = 64 * 1024
/** A snapshot counts as unacknowledged output, but never for so much that no output fits beside it. */
const MAX_SNAPSHOT_SHARE = WINDOW_BYTES / 2
/** Size changes that wait for the cursor; a client this far behind needs only the last. */
const MAX_SIZES = 64
const RESET_TERMINAL = Buffer.from('\x1bc')

export class Attachment {
  readonly viewer: Viewer
  /** Grows with each attach and take: the highest is the controller. 0: does not want to be. */
  rank = 0
  readonly wire: Wire
  readonly #watched: Watched
  #open = true
  #snapshotting = false
  #sizes: Resized[] = []
  /** What waits for room in the socket. */
  readonly #states = new LatestMessages()

  constructor(viewer: Viewer, wire: Wire, watched: Watched) {
    this.viewer = viewer
    this.wire = wire
    this.#watched = watched
    wire.socket.on('paused', () => this.#goOn())
    wire.socket.on('drain', () => this.#sayStates())
  }

  get open(): boolean {
    return this.#open
  }

  /** Starts with what the client holds already up to `offset` (`delta`, `fresh`), or with a snapshot. `typed`: input bytes accepted before. */
  begin(offset: number, withSnapshot: boolean, typed: number): void {
    const { raw, mode } = this.viewer
    this.wire.socket.join({ typing: mode === 'rw', raw, typed })
    if (withSnapshot) this.#sendSnapshot(false)
    else this.wire.socket.go(offset, offset)
  }

  /** All output below `offset` is parsed. */
  ack(offset: number): void {
    this.wire.socket.ack(offset)
  }

  input(bytes: Buffer): void {
    this.wire.socket.type(bytes)
  }

  /** State that is worth only its latest value; waits while the socket is full. */
  say(message: HostMessage): void {
    if (!this.#open || this.viewer.raw) return
    this.#states.put(message)
    if (this.wire.buffered < MAX_BUFFERED_BYTES) this.#sayStates()
  }

  /** A size change, told when the cursor reaches the offset where it took effect: there the thread stops. */
  sayResized(message: Resized): void {
    if (!this.#open || this.viewer.raw) return
    if (this.#sizes.length === MAX_SIZES) this.#sizes.pop()
    this.#sizes.push(message)
  }

  fail(code: ErrorCode, message: string): void {
    if (!this.#open) return
    this.part()
    if (!this.viewer.raw) this.wire.sendMessage({ type: 'error', code, message })
    this.wire.close(ERRORS[code].ws, message)
  }

  /** The view ends, though the connection may stand for a while. Returns how many input bytes the client has typed. */
  part(): number {
    this.#open = false
    return this.wire.socket.part()
  }

  /** The thread has sent what it may. */
  #goOn(): void {
    if (!this.#open || this.#snapshotting) return
    const { cursor, behind } = this.wire.socket.view
    if (behind) {
      this.#sendSnapshot(true)
      return
    }
    this.#sayStates()
    this.#saySizes(cursor)
    const exit = this.#watched.exitMessage()
    if (exit !== null && cursor === this.#watched.stream.end && this.#sizes.length === 0) this.#sayExit(exit)
    else this.wire.socket.go(cursor, 0, this.#sizes[0]?.offset)
  }

  #sendSnapshot(overOutput: boolean): void {
    const { stream, screen } = this.#watched
    this.#snapshotting = true
    stream.keep()
    screen
      .snapshot(MAX_MESSAGE_BYTES - RESET_TERMINAL.length)
      .then(
        (snapshot) => {
          this.#snapshotting = false
          if (this.#open) this.#jumpTo(snapshot, overOutput)
        },
        (error: unknown) => this.fail('INTERNAL', `no snapshot: ${String(error)}`),
      )
      .finally(() => stream.release())
  }

  #jumpTo({ bytes, offset, cols, rows }: Snapshot, overOutput: boolean): void {
    const { raw } = this.viewer
    this.#sizes = this.#sizes.filter((size) => size.offset > offset) // the screen knows the others already
    if (!raw) this.wire.sendMessage({ type: 'snapshot', offset, cols, rows })
    const whole = raw && overOutput ? Buffer.concat([RESET_TERMINAL, bytes]) : bytes
    if (!raw || whole.length > 0) this.wire.sendBytes(whole)
    const acked = raw ? offset : offset - Math.min(bytes.length, MAX_SNAPSHOT_SHARE)
    this.wire.socket.go(offset, acked, this.#sizes[0]?.offset)
  }

  #sayStates(): void {
    if (!this.#open) return
    for (const message of this.#states.take()) this.wire.sendMessage(message)
  }

  #saySizes(cursor: number): void {
    for (let size = this.#sizes[0]; size !== undefined && size.offset <= cursor; size = this.#sizes[0]) {
      this.#sizes.shift()
      this.wire.sendMessage(size)
    }
  }

  #sayExit(exit: HostMessage): void {
    this.part()
    if (!this.viewer.raw) this.wire.sendMessage(exit)
    this.wire.close(1000, 'the session has ended')
  }
}
