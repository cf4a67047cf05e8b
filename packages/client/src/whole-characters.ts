/** Cuts output between characters: xterm.js 6.0 loses one that is torn behind a second byte of 0x80, as in "—", "…" and "“". */

const NOTHING = new Uint8Array()

/** Bytes of the UTF-8 character that `lead` begins; 1 for what begins none. */
const lengthOf = (lead: number): number =>
  lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc0 && lead < 0xe0 ? 2 : 1

/** How many bytes at the end are the beginning of a character whose rest has not come. */
const unfinished = (bytes: Uint8Array): number => {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number
    if ((byte & 0xc0) !== 0x80) return lengthOf(byte) > back ? back : 0
  }
  return 0
}

export class WholeCharacters {
  #held: Uint8Array = NOTHING

  /** Returns what can be shown now; at most three bytes wait for the next call. */
  push(bytes: Uint8Array): Uint8Array {
    let all = bytes
    if (this.#held.length > 0) {
      all = new Uint8Array(this.#held.length + bytes.length)
      all.set(this.#held)
      all.set(bytes, this.#held.length)
    }
    const end = all.length - unfinished(all)
    this.#held = all.slice(end)
    return all.subarray(0, end)
  }
}
