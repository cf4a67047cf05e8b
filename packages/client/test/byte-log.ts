/** Bytes that only grow, without a copy of all of them for each addition. */

export class ByteLog {
  #buffer = Buffer.alloc(64 * 1024)
  #length = 0

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length
    if (needed > this.#buffer.length) this.#buffer = Buffer.concat([this.bytes], needed * 2)
    this.#buffer.set(bytes, this.#length)
    this.#length = needed
  }

  clear(): void {
    this.#buffer = Buffer.alloc(64 * 1024)
    this.#length = 0
  }
}
