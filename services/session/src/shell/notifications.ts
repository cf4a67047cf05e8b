/** What programs tell the person: OSC 9 (iTerm2), 777 (rxvt) and 99 (kitty). Short, plain, and not too often. */

export interface Notification {
  title?: string
  text: string
}

const MAX_CHARS = { title: 200, text: 1000 }
/** As many at once, and then one in so many milliseconds. */
const ALLOWED = { atOnce: 5, everyMs: 1_000 }
/** Begun but not finished, by their id (kitty). */
const MAX_PARTS = 8
/** ConEmu's commands share the number 9; 9;4 is a progress bar. */
const CONEMU = /^(?:[1-9]|1[0-2])(?:;|$)/

/** Without control characters: it will be shown outside the terminal. */
const plain = (text: string, maxChars: number): string =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, maxChars)

const notification = (title: string, text: string): Notification | null => {
  const [head, body] = [plain(title, MAX_CHARS.title), plain(text, MAX_CHARS.text)]
  if (head === '' || body === '') return head + body === '' ? null : { text: head + body }
  return { title: head, text: body }
}

export class Notifications {
  readonly #now: () => number
  readonly #parts = new Map<string, { title: string; body: string }>()
  /** What is left of the allowance, and when that was reckoned. */
  #left = ALLOWED.atOnce
  #reckonedAt: number

  /** `now`: a clock in milliseconds that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#reckonedAt = now()
  }

  /** Null for what is no notification, or not whole yet. */
  parse(code: string, data: string): Notification | null {
    if (code === '9') return CONEMU.test(data) ? null : notification('', data)
    if (code === '99') return this.#kitty(data)
    const [, title, text] = /^notify;([^;]*)(?:;(.*))?$/s.exec(data) ?? []
    return title === undefined ? null : notification(title, text ?? '')
  }

  /** May another one be told now? */
  allowed(): boolean {
    const now = this.#now()
    this.#left = Math.min(ALLOWED.atOnce, this.#left + (now - this.#reckonedAt) / ALLOWED.everyMs)
    this.#reckonedAt = now
    if (this.#left < 1) return false
    this.#left--
    return true
  }

  /** `<key>=<value>:… ; <payload>`. Source: kitty, "Desktop notifications". */
  #kitty(data: string): Notification | null {
    const [, head = '', payload] = /^([^;]*);(.*)$/s.exec(data) ?? []
    if (payload === undefined) return null
    const keys = new Map(head.split(':').map((field) => [field.slice(0, 1), field.slice(2)]))
    const kind = keys.get('p') ?? 'title'
    if (kind !== 'title' && kind !== 'body') return null
    const id = keys.get('i') ?? ''
    const parts = this.#parts.get(id) ?? { title: '', body: '' }
    const text = keys.get('e') === '1' ? Buffer.from(payload, 'base64').toString() : payload
    parts[kind] = (parts[kind] + text).slice(0, MAX_CHARS.text)
    this.#parts.delete(id)
    if (keys.get('d') !== '0') return notification(parts.title, parts.body)
    this.#parts.set(id, parts)
    const [oldest] = this.#parts.keys()
    if (this.#parts.size > MAX_PARTS && oldest !== undefined) this.#parts.delete(oldest)
    return null
  }
}
