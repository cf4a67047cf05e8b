/** One client's live view: a cursor over the replay buffer, a window of unacknowledged bytes, and what waits to be said. */
import {
  ACK_BYTES,
  ACK_DELAY_MS,
  ERRORS,
  type ErrorCode,
  type HostMessage,
  MAX_MESSAGE_BYTES,
  WINDOW_BYTES,
} from '@holdfast/protocol'
import { LatestMessages } from './latest-messages.ts'
import type { Snapshot } from './screen.ts'
import type { Resized, Stream, Viewer, Wire } from './viewer.ts'

const MAX_SEND_BYTES = 64 * 1024
/** Beyond it nothing more is put into the socket: what waits in the replay buffer can still be skipped. */
const MAX_BUFFERED_BYTES = 256 * 1024
/** A snapshot counts as unacknowledged output, but never for so much that no output fits beside it. */
const MAX_SNAPSHOT_SHARE = WINDOW_BYTES / 2
/** A viewer that acknowledged something within this time is only slower for a moment. */
const HICCUP_MS = 1000
/** Size changes that wait for the cursor; a client this far behind needs only the last. */
const MAX_SIZES = 64
const RESET_TERMINAL = Buffer.from('\x1bc')

export class Attachment {
  readonly viewer: Viewer
  /** Grows with each attach and take: the highest is the controller. 0: does not want to be. */
  rank = 0
  readonly #wire: Wire
  readonly #stream: Stream
  #cursor: number
  #acked: number
  #ackedAt = performance.now()
  #open = true
  #snapshotting = false
  /** There is more to send than window or socket have room for. */
  #waits = false
  #sizes: Resized[] = []
  /** What waits for room in the socket. */
  readonly #states = new LatestMessages()
  #inputOffset = 0
  #inputAcked = 0
  #inputTimer: NodeJS.Timeout | undefined

  constructor(viewer: Viewer, wire: Wire, stream: Stream, cursor: number) {
    this.viewer = viewer
    this.#wire = wire
    this.#stream = stream
    this.#cursor = cursor
    this.#acked = cursor
  }

  get open(): boolean {
    return this.#open
  }

  /** Where it goes on in the stream; null when it does not get on, so that nothing is kept for it. */
  get needs(): number | null {
    return performance.now() - this.#ackedAt < HICCUP_MS ? this.#cursor : null
  }

  /** Starts with what the client holds already (`delta`, `fresh`), or with a snapshot. */
  begin(withSnapshot: boolean): void {
    if (withSnapshot) this.#sendSnapshot(false)
    else this.pump()
  }

  /** Sends what window and socket have room for. */
  pump(): void {
    if (!this.#open || this.#snapshotting) return
    const { replay } = this.#stream
    this.#waits = true
    while (this.#wire.buffered < MAX_BUFFERED_BYTES) {
      this.#sayStates()
      if (this.#cursor < replay.start) {
        this.#skip()
        return
      }
      if (this.#saySize()) continue
      const limit = Math.min(replay.end, this.#acked + WINDOW_BYTES, this.#sizes[0]?.offset ?? replay.end)
      if (limit <= this.#cursor) {
        this.#waits = this.#cursor < replay.end
        break
      }
      this.#sendOutput(replay.read(this.#cursor, Math.min(limit - this.#cursor, MAX_SEND_BYTES)))
    }
    const exit = this.#stream.exitMessage()
    if (exit !== null && this.#cursor === replay.end && this.#sizes.length === 0) this.#sayExit(exit)
  }

  /** All output below `offset` is parsed. */
  ack(offset: number): void {
    this.#acked = Math.max(this.#acked, Math.min(offset, this.#cursor))
    this.#ackedAt = performance.now()
    this.#hasRoom()
  }

  /** State that is worth only its latest value; waits while the socket is full. */
  say(message: HostMessage): void {
    if (!this.#open || this.viewer.raw) return
    this.#states.put(message)
    if (this.#wire.buffered < MAX_BUFFERED_BYTES) this.#sayStates()
    else this.#waits = true
  }

  /** A size change, told when the cursor reaches the offset where it took effect. */
  sayResized(message: Resized): void {
    if (!this.#open || this.viewer.raw) return
    if (this.#sizes.length === MAX_SIZES) this.#sizes.pop()
    this.#sizes.push(message)
    this.pump()
  }

  /** `offset` input bytes of this client are accepted: told every ACK_BYTES or ACK_DELAY_MS, so that no JSON rides on a keystroke. */
  inputAccepted(offset: number): void {
    this.#inputOffset = offset
    if (offset - this.#inputAcked >= ACK_BYTES) this.#sayInput()
    else this.#inputTimer ??= setTimeout(() => this.#sayInput(), ACK_DELAY_MS)
  }

  holdInput(): void {
    this.#wire.pause()
  }

  releaseInput(): void {
    this.#wire.resume()
  }

  fail(code: ErrorCode, message: string): void {
    if (!this.#open) return
    if (!this.viewer.raw) this.#wire.sendMessage({ type: 'error', code, message })
    this.#close(ERRORS[code].ws, message)
  }

  /** The connection is gone. */
  lost(): void {
    this.#open = false
    clearTimeout(this.#inputTimer)
  }

  /** Window or socket have room again. What came meanwhile to who did not wait goes out with the next round. */
  #hasRoom(): void {
    if (this.#waits) this.pump()
  }

  #close(code: number, reason: string): void {
    this.lost()
    this.#wire.close(code, reason)
  }

  #sendOutput(bytes: Buffer): void {
    this.#cursor += bytes.length
    const upTo = this.#cursor
    this.#wire.sendBytes(bytes, () => (this.viewer.raw ? this.ack(upTo) : this.#hasRoom()))
  }

  /** The buffer has moved on. A snapshot now would be old when its turn comes, so it waits until the client has caught up. */
  #skip(): void {
    if (this.#cursor - this.#acked <= ACK_BYTES) this.#sendSnapshot(true)
  }

  #sendSnapshot(overOutput: boolean): void {
    this.#snapshotting = true
    this.#sizes = [] // the screen knows them already
    this.#stream.screen.snapshot(MAX_MESSAGE_BYTES - RESET_TERMINAL.length).then(
      (snapshot) => {
        this.#snapshotting = false
        if (!this.#open) return
        this.#jumpTo(snapshot, overOutput)
        this.pump()
      },
      (error: unknown) => this.fail('INTERNAL', `no snapshot: ${String(error)}`),
    )
  }

  #jumpTo({ bytes, offset, cols, rows }: Snapshot, overOutput: boolean): void {
    const { raw } = this.viewer
    this.#cursor = offset
    this.#acked = Math.max(this.#acked, offset - Math.min(bytes.length, MAX_SNAPSHOT_SHARE))
    if (!raw) this.#wire.sendMessage({ type: 'snapshot', offset, cols, rows })
    const whole = raw && overOutput ? Buffer.concat([RESET_TERMINAL, bytes]) : bytes
    if (!raw || whole.length > 0) this.#wire.sendBytes(whole, () => (raw ? this.ack(offset) : this.#hasRoom()))
  }

  #sayStates(): void {
    for (const message of this.#states.take()) this.#wire.sendMessage(message)
  }

  /** True when a size change was due at the cursor. */
  #saySize(): boolean {
    const size = this.#sizes[0]
    if (size === undefined || size.offset > this.#cursor) return false
    this.#sizes.shift()
    this.#wire.sendMessage(size)
    return true
  }

  #sayInput(): void {
    clearTimeout(this.#inputTimer)
    this.#inputTimer = undefined
    this.#inputAcked = this.#inputOffset
    this.say({ type: 'input-ack', offset: this.#inputOffset })
  }

  #sayExit(exit: HostMessage): void {
    if (!this.viewer.raw) this.#wire.sendMessage(exit)
    this.#close(1000, 'the session has ended')
  }
}
