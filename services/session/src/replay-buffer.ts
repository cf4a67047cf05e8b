/** The last bytes of the output stream, addressed by their absolute offset; what is handed out is never overwritten. */

/** Bytes of one block. Untouched pages of it cost no memory, so an idle session stays small. */
const BLOCK_BYTES = 64 * 1024

interface Block {
  /** Offset of the first byte. */
  start: number
  bytes: Buffer
}

/** Offsets are whole numbers up to 2^53 − 1: 285 years at 1 MB/s. */
export class ReplayBuffer {
  readonly maxBytes: number
  readonly #blocks: Block[] = []
  #start: number
  #end: number
  /** What was read last: in a round of sending all viewers read the same. */
  #last: { offset: number; maxBytes: number; bytes: Buffer } | null = null

  /** `base`: offset of the first byte that will come. */
  constructor(maxBytes: number, base = 0) {
    this.maxBytes = maxBytes
    this.#start = base
    this.#end = base
  }

  /** Offset of the oldest byte that is still here. */
  get start(): number {
    return this.#start
  }

  /** Length of the stream so far. */
  get end(): number {
    return this.#end
  }

  /** Keeps at least the last `maxBytes` bytes, and everything from `keepFrom` on. Returns views of the bytes where they are kept. */
  append(bytes: Uint8Array, keepFrom = Number.POSITIVE_INFINITY): Buffer[] {
    const kept: Buffer[] = []
    this.#last = null
    for (let done = 0; done < bytes.length; ) {
      const block = this.#roomyBlock()
      const at = this.#end - block.start
      const part = bytes.subarray(done, done + BLOCK_BYTES - at)
      block.bytes.set(part, at)
      kept.push(block.bytes.subarray(at, at + part.length))
      this.#end += part.length
      done += part.length
    }
    this.#forget(Math.min(this.#end - this.maxBytes, keepFrom))
    return kept
  }

  /** At most `maxBytes` bytes from `offset` on, nothing outside of what is held; until more is appended the same object for the same question. */
  read(offset: number, maxBytes: number): Buffer {
    if (this.#last?.offset === offset && this.#last.maxBytes === maxBytes) return this.#last.bytes
    const bytes = this.#join(offset, Math.min(maxBytes, this.#end - offset))
    this.#last = { offset, maxBytes, bytes }
    return bytes
  }

  /** A view if one block has all of it. */
  #join(offset: number, length: number): Buffer {
    const first = this.#blocks[0]
    if (first === undefined || offset < this.#start || length <= 0) return Buffer.alloc(0)
    const parts: Buffer[] = []
    for (let at = offset; at < offset + length; ) {
      const block = this.#blocks[Math.floor((at - first.start) / BLOCK_BYTES)] as Block
      const part = block.bytes.subarray(at - block.start, offset + length - block.start)
      parts.push(part)
      at += part.length
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, length)
  }

  #roomyBlock(): Block {
    const last = this.#blocks.at(-1)
    if (last !== undefined && this.#end - last.start < BLOCK_BYTES) return last
    // Not from Node's shared pool: a view on it would keep the pool alive.
    const block = { start: this.#end, bytes: Buffer.allocUnsafeSlow(BLOCK_BYTES) }
    this.#blocks.push(block)
    return block
  }

  /** Drops whole blocks below `limit`. */
  #forget(limit: number): void {
    for (let first = this.#blocks[0]; first && first.start + BLOCK_BYTES <= limit; first = this.#blocks[0]) {
      this.#blocks.shift()
      this.#start = first.start + BLOCK_BYTES
    }
  }
}
