/** Gives xterm.js its bytes, and tells how soon it forgets a line. */
import { wholeCharacters } from '@holdfast/protocol'
import type { Core } from './snapshot/internals.ts'

/** xterm.js cuts longer pieces itself, and loses a character torn there when its second byte is 0x80. */
const MAX_PIECE_BYTES = 128 * 1024

/** Parses them at once. They leave the parser in its ground state. */
export const parse = (core: Core, bytes: Buffer): void => {
  let from = 0
  while (bytes.length - from > MAX_PIECE_BYTES) {
    const piece = bytes.subarray(from, from + MAX_PIECE_BYTES)
    const length = wholeCharacters(piece)
    core.writeSync(piece.subarray(0, length))
    from += length
  }
  core.writeSync(bytes.subarray(from))
}

/** Line feeds after which nothing of the lines before is left: to the bottom, and once through screen and scrollback. */
export const forgetsAfter = ({ buffers, rows }: Core): number => {
  const { scrollTop, scrollBottom } = buffers.active
  const hasMargins = scrollTop !== 0 || scrollBottom !== rows - 1
  return hasMargins ? Number.POSITIVE_INFINITY : rows - 1 + buffers.normal.lines.maxLength
}
