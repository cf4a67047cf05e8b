/** Takes terminal queries out of output, so that a viewer's terminal does not answer what the session host answered. */
import { C1_LEAD, ENQ, ESC, isC1, NextControl } from './next-control.ts'
import { isDcsQuery, isGraphicsQuery, judgeCsi, judgeOsc, judgeOscStart, mayAsk } from './queries.ts'

const [BEL, CAN, SUB, DEL] = [0x07, 0x18, 0x1a, 0x7f]
/** A sequence that is still undecided after so many bytes is no program's (all 256 colours in one OSC are 6 KB): it is dropped. */
const LONGEST = 64 * 1024
const NOTHING = new Uint8Array()
/** A control that no terminal heeds. */
const NUL = Uint8Array.of(0)

/**
 * `text` and `string` (one that asks nothing) are shown as they come, `skip` is dropped as it comes, all others are held
 * back. `osc` is one of which only the beginning is known, `osc-whole` one that is judged at its end.
 */
type State = 'text' | 'string' | 'skip' | 'escape' | 'intermediate' | 'csi' | 'osc' | 'osc-whole' | 'dcs' | 'apc'
const OPENS: Readonly<Record<string, State | undefined>> = {
  '[': 'csi',
  ']': 'osc',
  P: 'dcs',
  _: 'apc',
  X: 'string',
  '^': 'string',
}

const concat = (parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
const latin1 = (bytes: Uint8Array): string => {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))
const isControl = (byte: number): boolean => byte < 0x20 || byte === DEL

/**
 * Takes out of output what a terminal would answer (DA, DSR, DECRQM, OSC 10 and 11 …), since the session host answers it already:
 * `terminal.write(filter.push(bytes), parsed)`. Make a new one for each `fresh` and each snapshot.
 */
export class QueryFilter {
  #state: State = 'text'
  /** The open sequence, as far as it came with earlier chunks. */
  #held: Uint8Array = NOTHING
  /** Half of a C1 control ended the last chunk. */
  #half = false
  /** The byte before the chunk. */
  #before: number | undefined
  /** The open string may end with BEL: an OSC. */
  #bell = false
  /** What is skipped is a control sequence, which ends with its final byte. */
  #final = false
  /** The ESC at hand ended a query: a backslash behind it belongs to that. */
  #terminates = false
  /** The open sequence follows a stray lead byte: without it that would make a C1 control of what comes next. */
  #stray = false
  #chunk: Uint8Array = NOTHING
  #shown: Uint8Array[] = []
  /** In the chunk: where what is not yet in #shown begins, and where the open sequence does. */
  #from = 0
  #start = 0

  /** A sequence that was shown so far is not over: whoever writes to the same terminal has to wait. */
  get insideString(): boolean {
    return this.#state === 'string'
  }

  /** Takes the next bytes, returns those to show now. Only an unfinished escape sequence is held back, never text. */
  push(bytes: Uint8Array): Uint8Array {
    const chunk = this.#half ? concat([Uint8Array.of(C1_LEAD), bytes]) : bytes
    this.#half = chunk.at(-1) === C1_LEAD
    const end = this.#half ? chunk.length - 1 : chunk.length
    this.#chunk = end === chunk.length ? chunk : chunk.subarray(0, end)
    this.#shown = []
    this.#from = 0
    this.#start = 0
    const next = new NextControl(this.#chunk)
    for (let at = 0; at < end; at++) {
      if (this.#state === 'text') at = next.after(at)
      const byte = this.#chunk[at]
      const second = byte === C1_LEAD ? this.#chunk[at + 1] : undefined
      if (second !== undefined && isC1(second)) this.#c1(second, at++)
      else if (byte !== undefined) this.#take(byte, at)
    }
    return this.#finish()
  }

  #finish(): Uint8Array {
    if (this.#state === 'text' || this.#state === 'string') this.#show(this.#chunk.length)
    else if (this.#state !== 'skip') this.#hold(this.#chunk.length)
    const [only = NOTHING, ...more] = this.#shown
    this.#before = this.#chunk.at(-1) ?? this.#before
    this.#chunk = NOTHING
    return more.length === 0 ? only : concat(this.#shown)
  }

  #take(byte: number, at: number): void {
    if (byte === ESC) this.#escape(at)
    else if (byte === CAN || byte === SUB) {
      if (this.#leave(at, false)) this.#from = at + 1
    } else if (this.#state === 'text') this.#enquiry(at)
    else if (this.#state === 'escape' || this.#state === 'intermediate' || this.#state === 'csi')
      this.#control(byte, at)
    else this.#string(byte, at)
  }

  #enquiry(at: number): void {
    this.#begin(at)
    this.#drop(at, at + 1)
  }

  #escape(at: number): void {
    this.#terminates = this.#leave(at, true)
    this.#state = 'escape'
    this.#begin(at)
  }

  #begin(at: number): void {
    this.#start = at
    this.#stray = (at === 0 ? this.#before : this.#chunk[at - 1]) === C1_LEAD
  }

  #c1(code: number, at: number): void {
    const letter = String.fromCharCode(code - 0x40)
    const dropped = this.#leave(at, letter === '\\')
    this.#terminates = false
    this.#begin(at)
    if (letter === '\\' && dropped) this.#from = at + 2
    else this.#introduce(letter, at + 2)
  }

  /** ESC and control sequences: control characters inside are obeyed at once, and do not end them. */
  #control(byte: number, at: number): void {
    if (byte === ENQ) {
      this.#hold(at)
      this.#from = at + 1
      this.#start = at + 1
    } else if (isControl(byte)) return
    else if (this.#state === 'csi') this.#csi(byte, at)
    else if (byte < 0x30) this.#state = 'intermediate'
    else if (this.#state === 'intermediate') this.#keep()
    else this.#introduce(String.fromCharCode(byte), at + 1)
  }

  /** `end`: behind the letter. */
  #introduce(letter: string, end: number): void {
    const state = OPENS[letter]
    const terminator = letter === '\\' && this.#terminates
    if (letter === 'Z' || terminator)
      this.#drop(this.#start, end) // DECID, an old DA1
    else if (state === undefined || state === 'string') this.#keep()
    this.#state = state ?? 'text'
    this.#bell = state === 'osc'
  }

  #csi(byte: number, at: number): void {
    if (byte >= 0x80) this.#keep()
    else if (byte < 0x40) this.#bound(at, true)
    else {
      const final = String.fromCharCode(byte)
      const instead = mayAsk(final, this.#parameter(at)) ? judgeCsi(this.#body(at), final) : null
      if (instead === null) this.#keep()
      else this.#drop(this.#start, at + 1, instead)
    }
  }

  #string(byte: number, at: number): void {
    if (byte === BEL && this.#bell) {
      if (this.#leave(at, true)) this.#from = at + 1
    } else if (this.#state === 'skip') {
      if (this.#final && byte >= 0x40 && byte < DEL) {
        this.#state = 'text'
        this.#from = at + 1
      }
    } else if (this.#state !== 'string') {
      this.#undecided(byte, at)
      this.#bound(at, false)
    }
  }

  /** First parameter byte of the open control sequence, when that is easily seen. */
  #parameter(at: number): number | undefined {
    return this.#held.length === 0 && this.#start + 2 < at ? this.#chunk[this.#start + 2] : undefined
  }

  /** Decides as soon as it can what an open string is. */
  #undecided(byte: number, at: number): void {
    if (isControl(byte)) return
    const letter = String.fromCharCode(byte)
    if (this.#state === 'osc' && !/\d/.test(letter)) {
      const verdict = judgeOscStart(this.#body(at + 1))
      if (verdict === 'query') this.#skip(false)
      else if (verdict === 'whole') this.#state = 'osc-whole'
      else if (verdict === 'shown') this.#keep('string')
    } else if (this.#state === 'dcs' && byte >= 0x40) {
      if (isDcsQuery(this.#body(at), letter)) this.#skip(false)
      else this.#keep(byte < 0x80 ? 'string' : 'text') // beyond ASCII: no DCS at all
    } else if (this.#state === 'apc') {
      const body = letter === ';' ? this.#body(at) : null
      if (body === null ? letter !== 'G' && this.#body(at) === '' : !isGraphicsQuery(body)) this.#keep('string')
      else if (body !== null) this.#skip(false)
    }
  }

  /** The open sequence ends before `at`, by a terminator or aborted. True when it was a query, which is not shown. */
  #leave(at: number, obeyed: boolean): boolean {
    const state = this.#state
    if (state === 'skip') {
      this.#state = 'text'
      this.#from = at
      return true
    }
    const asks = obeyed && state === 'apc' && isGraphicsQuery(this.#body(at))
    const isOsc = obeyed && (state === 'osc' || state === 'osc-whole')
    const instead = isOsc ? judgeOsc(this.#body(at)) : asks ? '' : null
    if (instead === null) this.#keep()
    else this.#drop(this.#start, at, instead)
    return instead !== null
  }

  /** Text of the open sequence up to `end`, without introducer and control characters. */
  #body(end: number): string {
    const text = latin1(concat([this.#held, this.#chunk.subarray(this.#start, end)]).filter((byte) => !isControl(byte)))
    return text.slice(text.charCodeAt(0) === C1_LEAD ? 2 : 1)
  }

  /** The open sequence is shown. */
  #keep(state: 'text' | 'string' = 'text'): void {
    if (this.#held.length > 0) this.#shown.push(this.#held)
    this.#held = NOTHING
    this.#state = state
  }

  /** What stands from `start` to `end` is not shown, nor is what is held; `instead` is, and control characters are. */
  #drop(start: number, end: number, instead = ''): void {
    const controls = concat([this.#held, this.#chunk.subarray(start, end)]).filter(
      (byte) => byte < 0x20 && byte !== ESC && byte !== ENQ,
    )
    this.#show(start)
    if (this.#stray) this.#shown.push(NUL)
    if (this.#state === 'csi' || this.#state === 'escape') this.#shown.push(controls)
    if (instead !== '') this.#shown.push(bytesOf(instead))
    this.#held = NOTHING
    this.#from = end
    this.#state = 'text'
  }

  #skip(final: boolean): void {
    this.#show(this.#start)
    if (this.#stray) this.#shown.push(NUL)
    this.#held = NOTHING
    this.#final = final
    this.#state = 'skip'
  }

  #bound(at: number, final: boolean): void {
    const held = this.#state !== 'string' && this.#state !== 'skip' && this.#state !== 'text'
    if (held && this.#held.length + at - this.#start >= LONGEST) this.#skip(final)
  }

  #hold(end: number): void {
    this.#show(this.#start)
    this.#held = concat([this.#held, this.#chunk.subarray(this.#start, end)])
  }

  #show(end: number): void {
    if (end > this.#from) this.#shown.push(this.#chunk.subarray(this.#from, end))
    this.#from = end
  }
}
