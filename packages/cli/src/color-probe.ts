/** Asks the local terminal for its colours, and finds the answer in what it sends, between keys; nothing typed is lost. */
import type { TerminalColors } from '@holdfast/protocol'

/** OSC 10, 11 and 12 ask for foreground, background and cursor; DA1, which every terminal knows, comes back after them. */
export const COLOR_QUERY = '\x1b]10;?\x1b\\\x1b]11;?\x1b\\\x1b]12;?\x1b\\\x1b[c'
/** A slower terminal is taken for one that does not answer. Milliseconds. */
const DEADLINE_MS = 5000
/** The first bytes of an answer may be a key (Escape, Alt-], Alt-[); this long they wait for more. Milliseconds. */
const KEY_MS = 50
/** When the session is over before the answer is here: so long it is awaited, lest it land on the shell's prompt. Milliseconds. */
const LINGER_MS = 200

const NAMES = { 10: 'foreground', 11: 'background', 12: 'cursor' } as const
/** An answer from the start of the text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals answer with control sequences
const COLOR = /^\x1b\](1[012]);([^\x07\x1b]{0,64})(?:\x07|\x1b\\)/
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals answer with control sequences
const FENCE = /^\x1b\[\?[\d;]{0,64}c/
/** What may become one with the next bytes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals answer with control sequences
const BEGINNING = /^\x1b(?:\](?:1(?:[012](?:;[^\x07\x1b]{0,64}\x1b?)?)?)?|\[(?:\?[\d;]{0,64})?)?$/
/** Escape, Alt-] and Alt-[ are as long. */
const KEY_LENGTH = 2

/** `rgb:ffff/8000/0000`, one to four digits each (XParseColor), or `#rrggbb` → `#rrggbb`. */
const parseColor = (text: string): string | null => {
  if (/^#[\da-f]{6}$/i.test(text)) return text
  const [, ...parts] = /^rgba?:([\da-f]{1,4})\/([\da-f]{1,4})\/([\da-f]{1,4})(?:\/[\da-f]{1,4})?$/i.exec(text) ?? []
  if (parts.length === 0) return null
  const scaled = parts.map((digits) => Math.round((Number.parseInt(digits, 16) / (16 ** digits.length - 1)) * 255))
  return `#${scaled.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}

export class ColorProbe {
  /** Resolves when the terminal has answered, or when no answer is awaited any more. */
  readonly over: Promise<void>
  readonly #type: (bytes: Buffer) => void
  readonly #found: (colors: TerminalColors) => void
  readonly #finish: () => void
  readonly #deadline: ReturnType<typeof setTimeout>
  readonly #colors: TerminalColors = {}
  #open = true
  #held = ''
  #key: ReturnType<typeof setTimeout> | undefined

  /** To be made when COLOR_QUERY is written. `type` gets the keys. */
  constructor(type: (bytes: Buffer) => void, found: (colors: TerminalColors) => void) {
    this.#type = type
    this.#found = found
    const { promise, resolve } = Promise.withResolvers<void>()
    this.over = promise
    this.#finish = resolve
    this.#deadline = setTimeout(() => this.#end(), DEADLINE_MS)
  }

  push(bytes: Buffer): void {
    clearTimeout(this.#key)
    let rest = this.#held + bytes.toString('latin1')
    this.#held = ''
    while (rest !== '') {
      const at = this.#open ? rest.indexOf('\x1b') : -1
      const keys = at < 0 ? rest : rest.slice(0, at)
      this.#send(keys)
      rest = this.#answer(rest.slice(keys.length))
    }
  }

  /** The terminal is about to be someone else's: waits a moment for an answer that is on its way. */
  async drain(): Promise<void> {
    const timer = setTimeout(() => this.#end(), LINGER_MS)
    await this.over
    clearTimeout(timer)
  }

  /** Takes an answer, or what is none, from the start; returns what comes after it. */
  #answer(text: string): string {
    if (text === '') return ''
    const [color = '', number, value = ''] = COLOR.exec(text) ?? []
    const [fence = ''] = FENCE.exec(text) ?? []
    if (color !== '') this.#note(Number(number) as keyof typeof NAMES, value)
    else if (fence !== '') this.#end()
    else if (BEGINNING.test(text)) {
      this.#held = text
      if (text.length <= KEY_LENGTH) this.#key = setTimeout(() => this.#flush(), KEY_MS)
      return ''
    } else this.#send(text.slice(0, 1))
    return text.slice(Math.max(color.length, fence.length, 1))
  }

  #note(number: keyof typeof NAMES, value: string): void {
    const color = parseColor(value)
    if (color !== null) this.#colors[NAMES[number]] = color
  }

  #end(): void {
    if (!this.#open) return
    this.#open = false
    clearTimeout(this.#deadline)
    this.#flush()
    if (Object.keys(this.#colors).length > 0) this.#found(this.#colors)
    this.#finish()
  }

  #flush(): void {
    clearTimeout(this.#key)
    this.#send(this.#held)
    this.#held = ''
  }

  #send(latin1: string): void {
    if (latin1 !== '') this.#type(Buffer.from(latin1, 'latin1'))
  }
}
