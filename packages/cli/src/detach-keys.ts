/** Finds the detach keys in what is typed: Ctrl-] then d within a second; Ctrl-] twice types one. */

export const DETACH_HINT = 'Ctrl-] then d detaches'
/** Time for the second key, milliseconds. */
const SECOND_KEY_MS = 1000

/** Ctrl-] as a control character, in kitty's keyboard protocol, and as xterm's modifyOtherKeys says it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals send keys as control characters
const PREFIX = /\x1d|\x1b\[93;5(?::1)?u|\x1b\[27;5;93~/
/** d, plain or as kitty's protocol reports it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals send keys as control characters
const DETACH = /^(?:d|\x1b\[100(?:;1(?::1)?)?u)/
/** kitty's report that a key was let go; it decides nothing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals send keys as control characters
const RELEASE = /^\x1b\[[\d:]+;\d+:3[u~]/

export class DetachKeys {
  readonly #type: (bytes: Buffer) => void
  readonly #detach: () => void
  /** The prefix as it was typed, while the second key is awaited. */
  #prefix = ''
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `type` gets what is typed into the session. */
  constructor(type: (bytes: Buffer) => void, detach: () => void) {
    this.#type = type
    this.#detach = detach
  }

  push(bytes: Uint8Array): void {
    let rest = Buffer.from(bytes).toString('latin1')
    while (rest !== '') rest = this.#prefix === '' ? this.#first(rest) : this.#second(rest)
  }

  /** Types a prefix that no key followed. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#send(this.#prefix)
    this.#prefix = ''
  }

  #first(rest: string): string {
    const found = PREFIX.exec(rest)
    if (found === null) {
      this.#send(rest)
      return ''
    }
    this.#send(rest.slice(0, found.index))
    this.#prefix = found[0]
    this.#timer = setTimeout(() => this.flush(), SECOND_KEY_MS)
    return rest.slice(found.index + found[0].length)
  }

  #second(rest: string): string {
    const release = RELEASE.exec(rest)
    if (release !== null) {
      this.#send(release[0])
      return rest.slice(release[0].length)
    }
    clearTimeout(this.#timer)
    const prefix = this.#prefix
    this.#prefix = ''
    if (DETACH.test(rest)) {
      this.#detach()
      return ''
    }
    this.#send(prefix)
    const again = PREFIX.exec(rest)
    if (again?.index === 0) return rest.slice(again[0].length)
    return rest
  }

  #send(latin1: string): void {
    if (latin1 !== '') this.#type(Buffer.from(latin1, 'latin1'))
  }
}
