/** Finds the marks that `hold` (shim/hold.c) puts into the output stream, also when they are split over chunks. */

export interface Ending {
  /** `lost`: the session's leader was killed, and with it went what it knew. */
  kind: 'exit' | 'signal' | 'not-started' | 'lost'
  /** Exit code, signal number or errno. */
  number: number
  coreDumped: boolean
}

export interface Mark {
  /** How the command ended; null when that was told before. */
  ending: Ending | null
  /** Nothing will be written any more. */
  closed: boolean
}

const KINDS: Readonly<Record<string, Ending['kind']>> = { e: 'exit', s: 'signal', x: 'not-started' }
const ESC = 0x1b
const BEL = 0x07
const NOTHING = Buffer.alloc(0)

const parse = (text: string): Mark => {
  const [, kind, number, core, closed] = /^(?:([esx])(\d+)(c?))?(t?)$/.exec(text) ?? []
  const ended = kind === undefined ? undefined : KINDS[kind]
  const ending = ended === undefined ? null : { kind: ended, number: Number(number), coreDumped: core === 'c' }
  return { ending, closed: closed === 't' }
}

export class EndingMark {
  readonly #prefix: Buffer
  /** Bytes at the end of the last chunk that may be the beginning of a mark. */
  #held: Buffer = NOTHING

  constructor(nonce: string) {
    this.#prefix = Buffer.from(`\x1b]7777;${nonce};`)
  }

  /** Output that is certainly no part of a mark, then the mark behind it, and what follows that: to be pushed in turn. */
  push(chunk: Buffer): { output: Buffer; mark: Mark | null; rest: Buffer } {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = NOTHING
    const start = bytes.indexOf(this.#prefix)
    const end = start < 0 ? -1 : bytes.indexOf(BEL, start)
    if (end < 0) {
      const output = this.#holdBack(bytes, start < 0 ? this.#possibleStart(bytes) : start)
      return { output, mark: null, rest: NOTHING }
    }
    const mark = parse(bytes.toString('latin1', start + this.#prefix.length, end))
    return { output: bytes.subarray(0, start), mark, rest: bytes.subarray(end + 1) }
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
