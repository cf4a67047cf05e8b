/** Finds, in one pass over a chunk of output, what is no plain text: ESC, ENQ and the C1 controls. */

export const ENQ = 0x05
export const ESC = 0x1b
/** First byte of U+0080 to U+009F in UTF-8: the C1 controls, each as good as ESC and the letter 0x40 below it (ECMA-48 §5.3). */
export const C1_LEAD = 0xc2

/** Second byte of a C1 control. */
export const isC1 = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x80 && byte < 0xa0

export class NextControl {
  readonly #chunk: Uint8Array
  #escape = -1
  #enquiry = -1
  #c1 = -1

  constructor(chunk: Uint8Array) {
    this.#chunk = chunk
  }

  /** The first one at `at` or behind it; the length of the chunk when there is none. */
  after(at: number): number {
    if (this.#escape < at) this.#escape = this.#find(ESC, at)
    if (this.#enquiry < at) this.#enquiry = this.#find(ENQ, at)
    if (this.#c1 < at) this.#c1 = this.#find(C1_LEAD, at)
    while (this.#c1 < this.#chunk.length && !isC1(this.#chunk[this.#c1 + 1]))
      this.#c1 = this.#find(C1_LEAD, this.#c1 + 1)
    return Math.min(this.#escape, this.#enquiry, this.#c1)
  }

  #find(byte: number, from: number): number {
    const found = this.#chunk.indexOf(byte, from)
    return found < 0 ? this.#chunk.length : found
  }
}
