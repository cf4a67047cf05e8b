/** Gives the screen its bytes: off the way of the echo, a flood in large pieces, and of that only what can still be seen. */
import { wholeCharacters } from '@holdfast/protocol'
import { seenOf } from './flood.ts'
import type { Core } from './snapshot/internals.ts'

/** A piece up to this size is what somebody waits for: it is parsed once the viewers have it. */
const SMALL_BYTES = 1024
/**
 * A flood waits for more of itself, because one large piece costs less than many small ones. While `bytes` come in each
 * wait, up to `waits` of them follow each other; of more than `maxBytes` only what can be seen goes on waiting.
 */
const FLOOD = { waitMs: 20, waits: 5, bytes: 128 * 1024, maxBytes: 512 * 1024 }
/** xterm.js cuts longer pieces itself, and loses a character torn there when its second byte is 0x80. */
const MAX_PIECE_BYTES = 128 * 1024

export class Feed {
  readonly #core: Core
  readonly #onParsed: () => void
  #waiting: Buffer[] = []
  #bytes = 0
  /** Since the wait began. */
  #came = 0
  #waits = 0
  #soon: NodeJS.Immediate | undefined
  #later: NodeJS.Timeout | undefined

  /** `onParsed` is called when all that was written is on the screen. */
  constructor(core: Core, onParsed: () => void) {
    this.#core = core
    this.#onParsed = onParsed
  }

  /** The bytes leave the parser in its ground state. */
  write(bytes: Buffer): void {
    this.#waiting.push(bytes)
    this.#bytes += bytes.length
    this.#came += bytes.length
    if (this.#bytes >= FLOOD.maxBytes) this.#shorten()
    else if (this.#bytes <= SMALL_BYTES) this.#soon ??= setImmediate(() => this.flush())
    else this.#later ??= setTimeout(() => this.#wait(), FLOOD.waitMs)
  }

  /** Parses what waits, at once: bounded by FLOOD.maxBytes and one piece more. */
  flush(): void {
    if (this.#bytes > 0) this.#show(seenOf(this.#take(), this.#lines))
  }

  #show(bytes: Buffer): void {
    clearImmediate(this.#soon)
    clearTimeout(this.#later)
    this.#soon = undefined
    this.#later = undefined
    this.#waits = 0
    this.#came = 0
    this.#parse(bytes)
    this.#onParsed()
  }

  #wait(): void {
    if (this.#came < FLOOD.bytes || ++this.#waits === FLOOD.waits) {
      this.flush()
      return
    }
    this.#came = 0
    this.#later = setTimeout(() => this.#wait(), FLOOD.waitMs)
  }

  #shorten(): void {
    const seen = seenOf(this.#take(), this.#lines)
    if (seen.length > FLOOD.maxBytes / 2) {
      this.#show(seen)
      return
    }
    this.#waiting = [seen]
    this.#bytes = seen.length
  }

  /** All that waits, as one. */
  #take(): Buffer {
    const all = this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting, this.#bytes)
    this.#waiting = []
    this.#bytes = 0
    return all
  }

  /** Line feeds after which nothing of the lines before is left: to the bottom, and once through screen and scrollback. */
  get #lines(): number {
    const { buffers, rows } = this.#core
    const { scrollTop, scrollBottom } = buffers.active
    const hasMargins = scrollTop !== 0 || scrollBottom !== rows - 1
    return hasMargins ? Number.POSITIVE_INFINITY : rows - 1 + buffers.normal.lines.maxLength
  }

  #parse(bytes: Buffer): void {
    let from = 0
    while (bytes.length - from > MAX_PIECE_BYTES) {
      const piece = bytes.subarray(from, from + MAX_PIECE_BYTES)
      const length = wholeCharacters(piece)
      this.#core.writeSync(piece.subarray(0, length))
      from += length
    }
    this.#core.writeSync(bytes.subarray(from))
  }
}
