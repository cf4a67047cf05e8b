/** Cuts output between characters, for terminals that lose one that is torn. */
import { wholeCharacters } from '@holdfast/protocol'

const NOTHING = new Uint8Array()

/** One for each terminal; UTF-8. */
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
    const end = wholeCharacters(all)
    this.#held = all.slice(end)
    return all.subarray(0, end)
  }
}
