/** Where terminal output may be cut so that no character and no escape sequence is torn, by xterm.js' own transition table. */
import { characterLength, isContinuation, wholeCharacters } from '@holdfast/protocol'

const ESC = 0x1b
/** First byte of U+0080–U+009F, the 8-bit control characters. */
const C1_LEAD = 0xc2
/** The table knows all beyond it by this one. */
const NON_ASCII = 0xa0
/** A byte that is part of no character: the decoder drops it. */
const DROPPED = -1
const INCOMPLETE = -2

/** Source: @xterm/headless src/common/parser/Constants.ts, ParserState and ParserAction. */
const GROUND = 0
/** SOS, PM and APC; OSC; a DCS ignored and one taken: printable ASCII leaves none of these states. */
const STRINGS = new Set([7, 8, 11, 13])
const ESCAPE = 1
const OSC_END = 6
const DCS_UNHOOK = 14

/** For each parser state a sequence that leads to one like it, and does nothing when it ends. */
const OPENERS: readonly string[] = [
  ...['', '\x1b', '\x1b   '],
  ...Array.from({ length: 4 }, () => '\x1b[0<'), // CSI
  ...['\x1b_', '\x1b]9999999;'], // SOS, PM, APC; OSC
  ...Array.from({ length: 4 }, () => '\x1bP0<'), // DCS before its content
  '\x1bPz',
]

/** Where scanning stands: at `at`, an unfinished character, in `state` of the parser. */
export interface Position {
  at: number
  state: number
}

export interface Boundary extends Position {
  /** Up to here nothing is torn. */
  complete: number
}

const printableEnd = (bytes: Uint8Array, from: number): number => {
  let at = from
  while (at < bytes.length && (bytes[at] as number) >= 0x20 && (bytes[at] as number) < 0x7f) at++
  return at
}

export class SequenceBoundary {
  readonly #table: Uint8Array
  /** Of the character read last: code point, or one of the above; and where the next begins. */
  #code = 0
  #next = 0

  /** Source: EscapeSequenceParser.TransitionTable: state << 8 | code gives action << 4 | next state. */
  constructor(table: Uint8Array) {
    this.#table = table
  }

  /** Goes on at `position`, in a sequence that begins with the bytes unless its state is ground. */
  scan(bytes: Buffer, position: Position = { at: 0, state: GROUND }): Boundary {
    // ESC begins anew in every state, so what was before the last one matters only if that is left unfinished.
    const last = bytes.lastIndexOf(ESC)
    if (last > position.at) {
      const boundary = this.#scan(bytes, { at: last, state: GROUND })
      if (boundary.complete > last) return boundary
    }
    return this.#scan(bytes, position)
  }

  #scan(bytes: Buffer, { at, state }: Position): Boundary {
    let complete = 0
    let start = at
    let from = at
    let inside = state
    for (;;) {
      if (inside === GROUND) {
        start = this.#sequenceStart(bytes, from)
        if (start < 0) {
          const whole = wholeCharacters(bytes, from)
          return { complete: whole, at: whole, state: GROUND }
        }
        complete = start
      }
      const end = this.#sequenceEnd(bytes, start, inside)
      if (end.state !== GROUND || end.at === start) return { complete, ...end }
      from = end.at
      complete = from
      inside = GROUND
    }
  }

  /** Stands for a sequence too long to be held: one that is like it up to here, and is ignored. */
  opener(state: number): Buffer {
    return Buffer.from(OPENERS[state] ?? '')
  }

  #sequenceStart(bytes: Buffer, from: number): number {
    const other = bytes.indexOf(ESC, from)
    let lead = bytes.indexOf(C1_LEAD, from)
    while (lead >= 0 && (other < 0 || lead < other)) {
      const byte = bytes[lead + 1]
      if (byte === undefined) return -1
      if (byte >= 0x80 && byte < NON_ASCII && this.#step(GROUND, byte) !== GROUND) return lead
      lead = bytes.indexOf(C1_LEAD, lead + 1)
    }
    return other
  }

  #sequenceEnd(bytes: Buffer, from: number, state: number): Position {
    let now = state
    for (let at = from; at < bytes.length; ) {
      if (STRINGS.has(now)) at = printableEnd(bytes, at)
      if (at === bytes.length) break
      this.#read(bytes, at)
      if (this.#code === INCOMPLETE) return { at, state: now }
      at = this.#next
      if (this.#code === DROPPED) continue
      now = this.#step(now, this.#code)
      if (now === GROUND) return { at, state: GROUND }
    }
    return { at: bytes.length, state: now }
  }

  #step(state: number, code: number): number {
    const transition = this.#table[(state << 8) | Math.min(code, NON_ASCII)] as number
    const action = transition >> 4
    const ends = code === ESC && (action === OSC_END || action === DCS_UNHOOK)
    return (transition & 15) | (ends ? ESCAPE : 0)
  }

  /** Source: Utf8ToUtf32.decode. A byte that does not continue a character begins the next. */
  #read(bytes: Buffer, at: number): void {
    const lead = bytes[at] as number
    const length = characterLength(lead)
    this.#code = lead < 0x80 ? lead : DROPPED
    this.#next = at + 1
    if (length === 1) return
    let code = lead & (0xff >> (length + 1))
    for (let i = 1; i < length; i++) {
      const byte = bytes[at + i]
      if (byte === undefined) this.#code = INCOMPLETE
      if (!isContinuation(byte)) {
        this.#next = at + i
        return
      }
      code = (code << 6) | ((byte as number) & 0x3f)
    }
    if (length === 2 && code < 0x80) return
    this.#next = at + length
    const illegal = length === 3 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff) || code === 0xfeff)
    if (!illegal && !(length === 4 && (code < 0x10000 || code > 0x10ffff))) this.#code = code
  }
}
