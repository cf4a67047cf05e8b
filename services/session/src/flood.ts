/** What of a flood of plain lines can still be seen at its end: the rest need not be parsed to reach the same state. */

const ESC = 0x1b
const LF = 0x0a
const BRACKET = 0x5b
/** First byte of U+0080–U+009F, the 8-bit control characters. */
const C1_LEAD = 0xc2
const RETURN = Buffer.from('\r')

/** Position after the `CSI … m` that begins at `at`; -1 for any other sequence. */
const styleEnd = (bytes: Uint8Array, at: number): number => {
  if (bytes[at + 1] !== BRACKET) return -1
  for (let i = at + 2; i < bytes.length; i++) {
    const byte = bytes[i] as number
    if (byte === 0x6d) return i + 1
    if (byte < 0x30 || byte > 0x3b) return -1
  }
  return -1
}

/** Printing, BS, HT, LF, CR: no mode, no event, nothing that reaches beyond what line feeds push out of the buffer. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 ? Number(byte !== 0x7f && byte !== C1_LEAD) : Number([0x08, 0x09, LF, 0x0d].includes(byte)),
)

/** Are all four bytes between 0x20 and 0x7e? */
const isText = (word: number): boolean => (((word - 0x20202020) | word | (word + 0x01010101)) & 0x80808080) === 0

/** Index of the first byte from `at` on, of which `words` are the whole words behind `head`, that may be no plain text. */
const behindText = (words: Uint32Array, head: number, at: number): number => {
  if (at < head || (at - head) % 4 !== 0) return at
  let word = (at - head) / 4
  while (word < words.length && isText(words[word] as number)) word++
  return head + word * 4
}

/** Ends of the style sequences in plain bytes, each with its start; null when anything else is among them. */
const stylesIn = (bytes: Uint8Array): number[] | null => {
  const head = -bytes.byteOffset & 3
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + head, Math.max(0, bytes.length - head) >> 2)
  const styles: number[] = []
  for (let i = behindText(words, head, 0); i < bytes.length; i = behindText(words, head, i + 1)) {
    const byte = bytes[i] as number
    if (PLAIN[byte] === 1) continue
    const end = byte === ESC ? styleEnd(bytes, i) : -1
    if (end < 0) return null
    styles.push(i, end)
    i = end - 1
  }
  return styles
}

/** Where the last `lines` line feeds begin: behind the feed before them, which a carriage return preceded. */
const seenFrom = (bytes: Buffer, lines: number): number => {
  let at = bytes.length
  for (let left = lines; left >= 0 && at > 0; left--) at = bytes.lastIndexOf(LF, at - 1)
  return at > 0 && bytes[at - 1] === 0x0d ? at + 1 : -1
}

/**
 * Bytes that lead a terminal without scroll margins to the same state as `bytes`, if its buffer forgets a line after
 * `lines` line feeds at the latest. They are the bytes themselves unless it is a flood. The parser is in its ground state.
 */
export const seenOf = (bytes: Buffer, lines: number): Buffer => {
  const from = seenFrom(bytes, lines)
  if (from <= 0) return bytes
  const styles = stylesIn(bytes)
  if (styles === null) return bytes
  const parts: Buffer[] = [RETURN]
  for (let i = 0; i < styles.length && (styles[i] as number) < from; i += 2) {
    parts.push(bytes.subarray(styles[i], styles[i + 1]))
  }
  return Buffer.concat([...parts, bytes.subarray(from)])
}
