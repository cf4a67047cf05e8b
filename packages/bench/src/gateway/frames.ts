/** Just enough of WebSocket frames (RFC 6455 §5) for thousands of sockets in one process: a few bytes of state each. */

export const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

const MASK_BYTES = 4

/** A whole message of less than 64 KiB. `masked`, as a client's must be: by zeros, which leave it as it is. */
export const frame = (opcode: number, payload: Uint8Array | string, masked: boolean): Buffer => {
  const bytes = Buffer.from(payload as string)
  const isLong = bytes.length > 125
  const head = Buffer.alloc(2 + (isLong ? 2 : 0) + (masked ? MASK_BYTES : 0))
  head[0] = 0x80 | opcode
  head[1] = (masked ? 0x80 : 0) | (isLong ? 126 : bytes.length)
  if (isLong) head.writeUInt16BE(bytes.length, 2)
  return Buffer.concat([head, bytes])
}

/** Cuts a stream into frames; what is not whole yet is kept. */
export class FrameReader {
  #rest: Buffer | null = null

  read(chunk: Buffer, onFrame: (opcode: number, payload: Buffer) => void): void {
    let bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk])
    for (let size = frameSize(bytes); size !== null && size.end <= bytes.length; size = frameSize(bytes)) {
      const payload = bytes.subarray(size.begin, size.end)
      if (size.masked) unmask(payload, bytes.subarray(size.begin - MASK_BYTES, size.begin))
      const opcode = (bytes[0] ?? 0) & 0x0f
      bytes = bytes.subarray(size.end)
      onFrame(opcode, payload)
    }
    this.#rest = bytes.length === 0 ? null : Buffer.from(bytes)
  }
}

const frameSize = (bytes: Buffer): { begin: number; end: number; masked: boolean } | null => {
  if (bytes.length < 2) return null
  const length = (bytes[1] ?? 0) & 0x7f
  const masked = (bytes[1] ?? 0) >= 0x80
  const extended = length === 126 ? 2 : length === 127 ? 8 : 0
  const begin = 2 + extended + (masked ? MASK_BYTES : 0)
  if (bytes.length < begin) return null
  const payload = extended === 0 ? length : bytes.readUIntBE(extended === 8 ? 4 : 2, extended === 8 ? 6 : 2)
  return { begin, end: begin + payload, masked }
}

const unmask = (payload: Buffer, mask: Buffer): void => {
  for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i % MASK_BYTES] ?? 0)
}
