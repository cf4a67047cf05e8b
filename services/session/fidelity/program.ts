/** What a terminal was fed: bytes, and the size changes between them. */

export interface Size {
  cols: number
  rows: number
}

/** Takes effect behind the byte at `offset - 1`. */
export interface Resize extends Size {
  offset: number
}

export class Program {
  readonly name: string
  readonly size: Size
  readonly bytes: Buffer
  readonly #resizes: readonly Resize[]

  /** `resizes` in the order of their offsets. */
  constructor(name: string, size: Size, bytes: Buffer, resizes: readonly Resize[] = []) {
    this.name = name
    this.size = size
    this.bytes = bytes
    this.#resizes = resizes
  }

  /** The bytes between two offsets, and the size changes after the first up to the second. */
  *steps(from: number, to: number): Generator<Buffer | Size> {
    let at = from
    for (const resize of this.#resizes) {
      if (resize.offset <= from || resize.offset > to) continue
      yield this.bytes.subarray(at, resize.offset)
      yield resize
      at = resize.offset
    }
    yield this.bytes.subarray(at, to)
  }
}
