/** Where a chunk of terminal output may be cut so that no character and no escape sequence is torn. */

const ESC = 0x1b
const BEL = 0x07
const CAN = 0x18
const SUB = 0x1a
const BACKSLASH = 0x5c
/** `ESC [`, and the openers of strings: OSC, DCS, SOS, PM, APC (ECMA-48 §5.6). */
const CSI = 0x5b
const OSC = 0x5d
const STRINGS = new Set([OSC, 0x50, 0x58, 0x5e, 0x5f])

const isBetween = (byte: number, low: number, high: number): boolean => byte >= low && byte <= high

/** Position after the CSI sequence whose parameters start at `at`; -1 when it is not complete. ESC begins another one. */
const csiEnd = (bytes: Uint8Array, at: number): number => {
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i] as number
    if (byte === ESC) return i
    if (byte === CAN || byte === SUB || isBetween(byte, 0x40, 0x7e)) return i + 1
  }
  return -1
}

/** The same for a string: ended by ST, CAN or SUB, an OSC also by BEL. */
const stringEnd = (bytes: Uint8Array, at: number, isOsc: boolean): number => {
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i] as number
    if (byte === CAN || byte === SUB || (isOsc && byte === BEL)) return i + 1
    if (byte !== ESC) continue
    if (i + 1 === bytes.length) return -1
    return bytes[i + 1] === BACKSLASH ? i + 2 : i
  }
  return -1
}

/** The same for every sequence that begins with the ESC at `at`. */
const sequenceEnd = (bytes: Uint8Array, at: number): number => {
  const kind = bytes[at + 1]
  if (kind === undefined) return -1
  if (kind === CSI) return csiEnd(bytes, at + 2)
  if (STRINGS.has(kind)) return stringEnd(bytes, at + 2, kind === OSC)
  let final = at + 1
  while (final < bytes.length && isBetween(bytes[final] as number, 0x20, 0x2f)) final++
  if (final === bytes.length) return -1
  return bytes[final] === ESC ? final : final + 1
}

/** Length of the bytes without an unfinished UTF-8 character at their end. */
const wholeCharacters = (bytes: Uint8Array, from: number): number => {
  for (let back = 1; back <= 3 && bytes.length - back >= from; back++) {
    const byte = bytes[bytes.length - back] as number
    if (byte < 0x80) return bytes.length
    if (byte < 0xc0) continue
    const width = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return width > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

/** How many leading bytes leave a parser that was in its ground state in it again. */
export const completeLength = (bytes: Buffer): number => {
  let from = 0
  for (let start = bytes.indexOf(ESC); start >= 0; start = bytes.indexOf(ESC, from)) {
    from = sequenceEnd(bytes, start)
    if (from < 0) return start
  }
  return wholeCharacters(bytes, from)
}
