/** Finds the mark with which `hold` (shim/hold.c) closes the output stream, also when it is split over chunks. */

export interface Ending {
  kind: 'exit' | 'signal' | 'not-started'
  /** Exit code, signal number or errno. */
  number: number
  coreDumped: boolean
}

const KINDS: Readonly<Record<string, Ending['kind']>> = { e: 'exit', s: 'signal', x: 'not-started' }
const ESC = 0x1b
const BEL = 0x07
const NOTHING = Buffer.alloc(0)

export class EndingMark {
  readonly #prefix: Buffer
  /** Bytes at the end of the last chunk that may be the beginning of the mark. */
  #held: Buffer = NOTHING

  constructor(nonce: string) {
    this.#prefix = Buffer.from(`\x1b]7777;${nonce};`)
  }

  /** Output that is certainly no part of the mark, and the ending once the mark is complete. */
  push(chunk: Buffer): { output: Buffer; ending: Ending | null } {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = NOTHING
    const start = bytes.indexOf(this.#prefix)
    if (start < 0) return { output: this.#holdBack(bytes, this.#possibleStart(bytes)), ending: null }
    const end = bytes.indexOf(BEL, start)
    if (end < 0) return { output: this.#holdBack(bytes, start), ending: null }
    const text = bytes.toString('latin1', start + this.#prefix.length, end)
    const [, kind = '', number = '', core = ''] = /^([esx])(\d+)(c?)$/.exec(text) ?? []
    return {
      output: bytes.subarray(0, start),
      ending: { kind: KINDS[kind] ?? 'exit', number: Number(number), coreDumped: core === 'c' },
    }
  }

  /** What was held back, for a stream that ends without the mark. */
  flush(): Buffer {
    const held = this.#held
    this.#held = NOTHING
    return held
  }

  #holdBack(bytes: Buffer, start: number): Buffer {
    if (start < bytes.length) this.#held = Buffer.from(bytes.subarray(start))
    return bytes.subarray(0, start)
  }

  /** The prefix holds one ESC, its first byte, so only the last ESC of the chunk can begin it. */
  #possibleStart(bytes: Buffer): number {
    const tailStart = Math.max(0, bytes.length - this.#prefix.length)
    const tail = bytes.subarray(tailStart)
    const start = tail.lastIndexOf(ESC)
    if (start < 0 || !this.#prefix.subarray(0, tail.length - start).equals(tail.subarray(start))) return bytes.length
    return tailStart + start
  }
}
