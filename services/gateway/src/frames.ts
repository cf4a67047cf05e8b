/** Follows WebSocket frame boundaries (RFC 6455 §5.2) through arbitrarily cut chunks, by headers only: nothing is copied or unmasked. */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
const isData = (opcode: number): boolean => opcode < OPCODE.close

export class FrameWalker {
  /** Of the frame begun last. */
  opcode = 0
  /** Payload bytes that the message begun last has announced so far, all its fragments together. */
  messageBytes = 0
  readonly #onFrame: (walker: FrameWalker) => void
  #headerAt = 0
  #headerBytes = 2
  #extendedEnd = 2
  #final = true
  #messageDone = true
  #payload = 0

  /** `onFrame` is called when a frame's header is complete, before its payload. */
  constructor(onFrame: (walker: FrameWalker) => void) {
    this.#onFrame = onFrame
  }

  /** True between frames: here a frame may be put in. */
  get atBoundary(): boolean {
    return this.#headerAt === 0
  }

  walk(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) at = this.step(chunk, at)
  }

  /** Goes on from `at` to the end of the current frame or of the chunk, whichever is first; returns where it stopped. */
  step(chunk: Uint8Array, at: number): number {
    let next = at
    while (this.#headerAt < this.#headerBytes && next < chunk.length) this.#header(chunk[next++] as number)
    if (this.#headerAt < this.#headerBytes) return next
    const taken = Math.min(this.#payload, chunk.length - next)
    this.#payload -= taken
    if (this.#payload === 0) this.#endFrame()
    return next + taken
  }

  #header(byte: number): void {
    const at = this.#headerAt++
    if (at === 0) {
      this.#final = byte >= 0x80
      this.opcode = byte & 0x0f
      return
    }
    if (at === 1) {
      const length = byte & 0x7f
      const extended = length === 126 ? 2 : length === 127 ? 8 : 0
      this.#payload = extended === 0 ? length : 0
      this.#headerBytes = 2 + extended + (byte >= 0x80 ? 4 : 0)
      this.#extendedEnd = 2 + extended
    } else if (at < this.#extendedEnd) {
      this.#payload = this.#payload * 256 + byte // exact up to 2^53; beyond it is above any limit anyway
    }
    if (this.#headerAt === this.#headerBytes) this.#beginFrame()
  }

  #beginFrame(): void {
    if (isData(this.opcode)) {
      this.messageBytes = (this.#messageDone ? 0 : this.messageBytes) + this.#payload
      this.#messageDone = this.#final
    }
    this.#onFrame(this)
  }

  #endFrame(): void {
    this.#headerAt = 0
    this.#headerBytes = 2
  }
}

/** An unmasked (server's) Close frame; of `reason` the characters that fit into 123 bytes (RFC 6455 §5.5). */
export const closeFrame = (code: number, reason: string): Buffer => {
  const frame = Buffer.alloc(4 + 123)
  const { written } = new TextEncoder().encodeInto(reason, frame.subarray(4))
  frame[0] = 0x80 | OPCODE.close
  frame[1] = 2 + written
  frame.writeUInt16BE(code, 2)
  return frame.subarray(0, 4 + written)
}
