/** Typed bytes until the host has acknowledged them, by absolute offset, so that a reconnect resends exactly what is missing. */
import { HoldfastError } from '@holdfast/protocol'

/** Unacknowledged input that is kept; a person types a few bytes a second, a paste of this size is an accident. */
export const MAX_QUEUED_BYTES = 8 * 1024 * 1024
/** Largest input message; a quarter of the protocol's limit keeps a paste from delaying what is sent beside it. */
export const INPUT_MESSAGE_BYTES = 256 * 1024

const SMALLEST_BUFFER = 1024

export class InputQueue {
  /** The bytes kept are those from #head to #tail; the rest is room. */
  #buffer = new Uint8Array(SMALLEST_BUFFER)
  #head = 0
  #tail = 0
  /** Offset of #head in everything this client ever typed. */
  #base = 0
  /** Offset up to which the current connection has taken bytes. */
  #sent = 0
  #numbered = false

  get size(): number {
    return this.#tail - this.#head
  }

  /** Throws TOO_LARGE, and takes nothing, when the queue would outgrow its bound. */
  push(bytes: Uint8Array): void {
    const size = this.size + bytes.length
    if (size > MAX_QUEUED_BYTES) {
      const limit = MAX_QUEUED_BYTES / 1024 / 1024
      throw new HoldfastError('TOO_LARGE', `${size} bytes of input wait to be sent; the limit is ${limit} MiB`)
    }
    this.#makeRoom(bytes.length)
    this.#buffer.set(bytes, this.#tail)
    this.#tail += bytes.length
  }

  /** The host has accepted all input below `offset`; what it was never sent it cannot have. */
  acknowledge(offset: number): void {
    const count = Math.min(offset, this.#sent) - this.#base
    if (count <= 0) return
    this.#head += count
    this.#base += count
    if (this.size === 0) this.#empty()
  }

  /**
   * A connection begins; the host has accepted `offset` bytes from this client id. On the first one, and when a new
   * host counts from 0, our numbers are moved to the host's: nothing that was never accepted is dropped.
   */
  resume(offset: number): void {
    if (this.#numbered) this.acknowledge(offset)
    this.#numbered = true
    this.#base = offset
    this.#sent = offset
  }

  /** The next message to send on this connection, or null. */
  next(): Uint8Array<ArrayBuffer> | null {
    const from = this.#head + (this.#sent - this.#base)
    const to = Math.min(from + INPUT_MESSAGE_BYTES, this.#tail)
    if (from >= to) return null
    this.#sent += to - from
    return this.#buffer.slice(from, to)
  }

  clear(): void {
    this.#base += this.size
    this.#sent = this.#base
    this.#empty()
  }

  /** Gives back the room that a large paste took. */
  #empty(): void {
    this.#head = 0
    this.#tail = 0
    if (this.#buffer.length > INPUT_MESSAGE_BYTES) this.#buffer = new Uint8Array(SMALLEST_BUFFER)
  }

  /** Moves the bytes to the front when that frees enough, else to a buffer twice as large: each byte moves a bounded number of times. */
  #makeRoom(length: number): void {
    if (this.#tail + length <= this.#buffer.length) return
    const needed = this.size + length
    const roomy = needed * 2 <= this.#buffer.length
    const target = roomy ? this.#buffer : new Uint8Array(Math.max(needed * 2, SMALLEST_BUFFER))
    target.set(this.#buffer.subarray(this.#head, this.#tail))
    this.#tail = this.size
    this.#head = 0
    this.#buffer = target
  }
}
