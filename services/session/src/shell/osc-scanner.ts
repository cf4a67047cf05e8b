/** Finds operating system commands (`ESC ] … BEL` or `ESC ] … ESC \`) in the output stream, across its chunks, with their offsets. */

const ESC = 0x1b
const BEL = 0x07
const CAN = 0x18
const SUB = 0x1a
const BACKSLASH = 0x5c
const BRACKET = 0x5d
/** Programs may write byte by byte: so many pieces are joined to one. */
const MAX_PARTS = 64
const OPENER = Buffer.from('\x1b]')

export interface Osc {
  /** Offset in the stream of its first byte, and of the byte behind it. */
  start: number
  end: number
  text: string
  /** It was longer than the limit: `text` is only its beginning. */
  cut: boolean
}

const terminator = (bytes: Buffer, from: number): number => {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === BEL || byte === ESC || byte === CAN || byte === SUB) return at
  }
  return -1
}

export class OscScanner {
  readonly #maxBytes: number
  readonly #onOsc: (osc: Osc) => void
  /** `escape`: an ESC was the last byte; `ending`: the same inside a command. */
  #state: 'ground' | 'escape' | 'text' | 'ending' = 'ground'
  /** Of the first byte of the present chunk. */
  #offset = 0
  #start = 0
  #parts: Buffer[] = []
  #length = 0
  #cut = false

  /** Of a longer command only the first `maxBytes` are kept. */
  constructor(maxBytes: number, onOsc: (osc: Osc) => void) {
    this.#maxBytes = maxBytes
    this.#onOsc = onOsc
  }

  /** The bytes end at `offset`; of what is left out before them nothing is missed but text. */
  push(bytes: Buffer, offset: number): void {
    this.#offset = offset - bytes.length
    for (let at = 0; at < bytes.length; ) at = this.#step(bytes, at)
  }

  /** Returns where to go on. */
  #step(bytes: Buffer, at: number): number {
    if (this.#state === 'ground') return this.#search(bytes, at)
    if (this.#state === 'text') return this.#read(bytes, at)
    const byte = bytes[at]
    if (this.#state === 'escape') {
      this.#state = byte === BRACKET ? 'text' : 'ground'
      return byte === BRACKET ? at + 1 : at
    }
    // Any ESC ends the command; one that is not part of ESC \ begins another sequence.
    const isWhole = byte === BACKSLASH
    this.#finish(this.#offset + at + (isWhole ? 1 : -1))
    if (isWhole) return at + 1
    this.#begin('escape', at - 1)
    return at
  }

  #search(bytes: Buffer, at: number): number {
    const found = bytes.indexOf(OPENER, at)
    if (found >= 0) {
      this.#begin('text', found)
      return found + OPENER.length
    }
    if (bytes[bytes.length - 1] === ESC) this.#begin('escape', bytes.length - 1)
    return bytes.length
  }

  #begin(state: 'escape' | 'text', at: number): void {
    this.#state = state
    this.#start = this.#offset + at
  }

  #read(bytes: Buffer, at: number): number {
    const end = terminator(bytes, at)
    this.#keep(bytes.subarray(at, end < 0 ? bytes.length : end))
    if (end < 0) return bytes.length
    if (bytes[end] === ESC) this.#state = 'ending'
    else if (bytes[end] === BEL) this.#finish(this.#offset + end + 1)
    else this.#reset()
    return end + 1
  }

  #keep(part: Buffer): void {
    const room = this.#maxBytes - this.#length
    if (part.length > room) this.#cut = true
    if (part.length === 0 || room === 0) return
    const kept = Buffer.from(part.subarray(0, room))
    if (this.#parts.length === MAX_PARTS) this.#parts = [Buffer.concat(this.#parts)]
    this.#parts.push(kept)
    this.#length += kept.length
  }

  #finish(end: number): void {
    const osc = { start: this.#start, end, text: Buffer.concat(this.#parts).toString(), cut: this.#cut }
    this.#reset()
    this.#onOsc(osc)
  }

  #reset(): void {
    this.#state = 'ground'
    this.#parts = []
    this.#length = 0
    this.#cut = false
  }
}
