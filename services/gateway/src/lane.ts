/** One direction of a relay: writes what was read at once, and stops reading while the other side is slower. */
import type { Socket } from 'node:net'
import type { LaneMeter } from './metrics.ts'

export class Lane {
  bytes = 0
  pauses = 0
  /** Most bytes that ever waited here for the slower side. */
  peakBuffered = 0
  /** When something was last read, `performance.now()`. */
  heardAt = performance.now()
  readonly #from: Socket
  readonly #to: Socket
  readonly #meter: LaneMeter

  constructor(from: Socket, to: Socket, meter: LaneMeter) {
    this.#from = from
    this.#to = to
    this.#meter = meter
    // Also when `to` is gone: what still comes is read and dropped, or else its end would never be seen.
    to.on('drain', () => this.#resume()).on('close', () => this.#resume())
  }

  /** Memory is bounded by the socket's high-water mark plus one chunk. */
  write(chunk: Uint8Array): void {
    if (chunk.length === 0 || !this.#to.writable) return
    this.bytes += chunk.length
    this.#meter.bytes(chunk.length)
    const readAt = performance.now()
    const more = this.#to.write(chunk, (failed) => {
      if (!failed) this.#meter.lag((performance.now() - readAt) / 1000)
    })
    this.peakBuffered = Math.max(this.peakBuffered, this.#to.writableLength)
    if (more) return
    this.pauses += 1
    this.#meter.pause()
    this.#from.pause()
  }

  #resume(): void {
    this.heardAt = performance.now() // it was not listened to meanwhile
    this.#from.resume()
  }
}
