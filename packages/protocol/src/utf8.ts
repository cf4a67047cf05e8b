/** Where UTF-8 (RFC 3629) may be cut: xterm.js 6.0 loses a character torn behind a second byte of 0x80, as in "—", "…" and "“". */

export const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

/** Bytes of the character that `lead` begins; 1 for what begins none. */
export const characterLength = (lead: number): number =>
  lead >= 0xc0 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf8 ? 4 : 1

/** Length of the bytes without the beginning of a character, not before `from`, whose rest has not come. */
export const wholeCharacters = (bytes: Uint8Array, from = 0): number => {
  for (let back = 1; back <= 3 && bytes.length - back >= from; back++) {
    const byte = bytes[bytes.length - back] as number
    if (!isContinuation(byte)) return characterLength(byte) > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}
