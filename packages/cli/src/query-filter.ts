/** Takes terminal queries out of the output, so that the user's own terminal does not answer what the session host answered. */
import { isCsiQuery, judgeComplete, judgeOpen, type StringKind } from './queries.ts'

const [ENQ, BEL, CAN, SUB, ESC, BACKSLASH] = [0x05, 0x07, 0x18, 0x1a, 0x1b, 0x5c]
/** A longer sequence is no query; nothing of it is held back any more. Bytes. */
const LONGEST = 4096
const STRING_KINDS: Readonly<Record<string, StringKind | undefined>> = { ']': ']', P: 'P', _: '_' }

/** `…-end`: an ESC came, and a backslash would complete the string. In `query` all is dropped as it comes. */
type State = 'text' | 'escape' | 'csi' | 'string' | 'string-end' | 'query' | 'query-end'

export class QueryFilter {
  #state: State = 'text'
  #kind: StringKind = ']'
  /** The open sequence as it came, latin1. */
  #held = ''
  /** Of it what follows the introducer. */
  #body = ''
  /** Control characters inside a control sequence: a terminal obeys them at once, also when the sequence is dropped. */
  #controls = ''
  #out = Buffer.alloc(0)
  #length = 0

  /** Returns the bytes to show now. Only an unfinished escape sequence is held back, never text. */
  push(chunk: Uint8Array): Uint8Array {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    if (this.#state === 'text' && !bytes.includes(ESC) && !bytes.includes(ENQ)) return bytes
    this.#out = Buffer.allocUnsafe(bytes.length + this.#held.length)
    this.#length = 0
    for (let i = 0; i < bytes.length; i++) {
      if (this.#state === 'text') i = this.#copyText(bytes, i)
      const byte = bytes[i]
      if (byte !== undefined) this.#take(byte)
    }
    return this.#out.subarray(0, this.#length)
  }

  /** Copies up to the next ESC; returns where that is. */
  #copyText(bytes: Buffer, from: number): number {
    const found = bytes.indexOf(ESC, from)
    const end = found < 0 ? bytes.length : found
    this.#makeRoom(end - from)
    for (let i = from; i < end; i++) {
      const byte = bytes[i] ?? 0
      if (byte !== ENQ) this.#out[this.#length++] = byte
    }
    return end
  }

  #take(byte: number): void {
    if (this.#state === 'text') this.#begin()
    else if (this.#state === 'escape') this.#escape(byte)
    else if (this.#state === 'csi') this.#csi(byte)
    else if (this.#state === 'string') this.#string(byte)
    else if (this.#state === 'query') this.#query(byte)
    else if (byte !== BACKSLASH) {
      // The ESC began another sequence. In a query what came before it is dropped already.
      if (this.#state === 'string-end') this.#emit(this.#held)
      this.#begin()
      this.#escape(byte)
    } else if (this.#state === 'string-end') this.#complete('\x1b\\')
    else this.#drop('')
  }

  #begin(): void {
    this.#state = 'escape'
    this.#held = '\x1b'
    this.#body = ''
    this.#controls = ''
  }

  #escape(byte: number): void {
    const letter = String.fromCharCode(byte)
    const kind = STRING_KINDS[letter]
    if (byte === ESC) {
      this.#emit(this.#held)
      this.#begin()
    } else if (letter === 'Z')
      this.#drop('') // DECID, an old DA1
    else if (letter !== '[' && kind === undefined) this.#pass(letter)
    else {
      this.#held += letter
      this.#kind = kind ?? ']'
      this.#state = kind === undefined ? 'csi' : 'string'
    }
  }

  #csi(byte: number): void {
    const letter = String.fromCharCode(byte)
    if (byte === ESC) {
      this.#emit(this.#held)
      this.#begin()
    } else if (byte === CAN || byte === SUB || byte >= 0x80 || this.#held.length >= LONGEST) this.#pass(letter)
    else if (byte < 0x20 || byte === 0x7f) {
      this.#held += letter
      this.#controls += letter
    } else if (byte < 0x40) {
      this.#held += letter
      this.#body += letter
    } else if (isCsiQuery(this.#body, letter)) this.#drop(this.#controls)
    else this.#pass(letter)
  }

  #string(byte: number): void {
    const letter = String.fromCharCode(byte)
    if (byte === ESC) this.#state = 'string-end'
    else if (byte === BEL && this.#kind === ']') this.#complete(letter)
    else if (byte === CAN || byte === SUB || this.#held.length >= LONGEST) this.#pass(letter)
    else {
      this.#held += letter
      this.#body += letter
      const verdict = judgeOpen(this.#kind, this.#body)
      if (verdict === 'harmless') this.#pass('') // what follows is as good as text: no query can be in it
      if (verdict === 'query') {
        this.#held = ''
        this.#state = 'query'
      }
    }
  }

  #query(byte: number): void {
    if (byte === ESC) this.#state = 'query-end'
    else if (byte === CAN || byte === SUB) this.#drop('')
  }

  #complete(terminator: string): void {
    const instead = judgeComplete(this.#kind, this.#body)
    if (instead === null) this.#pass(terminator)
    else this.#drop(instead)
  }

  /** The open sequence is shown, with `last` behind it. */
  #pass(last: string): void {
    this.#emit(this.#held + last)
    this.#drop('')
  }

  /** The open sequence is not shown; `instead` is. */
  #drop(instead: string): void {
    this.#emit(instead)
    this.#held = ''
    this.#state = 'text'
  }

  #emit(latin1: string): void {
    this.#makeRoom(latin1.length)
    this.#length += this.#out.write(latin1, this.#length, 'latin1')
  }

  /** What takes the place of a query may be longer than it. */
  #makeRoom(count: number): void {
    const needed = this.#length + count
    if (needed > this.#out.length) this.#out = Buffer.concat([this.#out], needed * 2)
  }
}
