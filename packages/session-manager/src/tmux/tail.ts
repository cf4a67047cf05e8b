/** The end of what a view was given, and whether it is that of the screen. */

const TAIL_BYTES = 4096

/** Control sequences, operating system commands, other escape sequences, control characters (ECMA-48), and blanks. */
const NO_INK =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])|[\0-\x1a\x1c-\x20]+/g
const ink = (text: string): string => text.replace(NO_INK, '')

/** The last line alone may be that of any record before. */
const LINES = 5

export class Tail {
  readonly #bytes = Buffer.alloc(TAIL_BYTES)

  add(bytes: Buffer): void {
    const end = bytes.subarray(-TAIL_BYTES)
    this.#bytes.copyWithin(0, end.length)
    this.#bytes.set(end, TAIL_BYTES - end.length)
  }

  /** Does it end with the last lines of the screen, as `takeState` gives it? When it does not say, as after cursor movements, no. */
  endsAs(screen: Buffer): boolean {
    const lines = screen
      .toString()
      .split('\r\n')
      .map(ink)
      .filter((line) => line !== '')
    return ink(this.#bytes.toString()).endsWith(lines.slice(-LINES).join(''))
  }
}
