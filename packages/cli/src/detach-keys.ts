/** Finds the keys that are meant for us in what is typed: a prefix, then within a second the key of an action; the prefix twice types it once. */
import { keyBytes } from '@holdfast/protocol'
import { UsageError } from './command.ts'

/** Time for the second key, milliseconds. */
const SECOND_KEY_MS = 1000
const STATUS_KEY = 's'
export const DEFAULT_DETACH_KEYS = 'C-],d'

/** kitty's report that a key was let go; it decides nothing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals send keys as control characters
const RELEASE = /^\x1b\[[\d:]+;\d+:3[u~]/

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

export interface Keys {
  /** In words, for hints. */
  hint: string
  /** As a control character, in kitty's keyboard protocol, and as xterm's modifyOtherKeys says it. */
  prefix: RegExp
  /** Plain, or as kitty's protocol reports it. */
  detach: RegExp
  status: RegExp
}

const second = (key: string): RegExp => new RegExp(`^(?:${escaped(key)}|\\x1b\\[${key.codePointAt(0)}(?:;1(?::1)?)?u)`)

/** `C-],d` → the prefix Ctrl-] and the key d. Throws UsageError. */
export const parseDetachKeys = (text: string): Keys => {
  const [, key = '', last = ''] = /^(?:C-|ctrl-)(.),(.)$/u.exec(text) ?? []
  const wrong = () => new UsageError(`detach keys are written C-x,y: a control key, then another key; not "${text}"`)
  if (key === '' || !/^[!-~]$/.test(last) || last === STATUS_KEY) throw wrong()
  let bytes: string
  try {
    bytes = keyBytes([`C-${key}`], false)
  } catch {
    throw wrong()
  }
  const code = key.toLowerCase().codePointAt(0)
  return {
    hint: `Ctrl-${key} then ${last} detaches`,
    prefix: new RegExp(`${escaped(bytes)}|\\x1b\\[${code};5(?::1)?u|\\x1b\\[27;5;${code}~`),
    detach: second(last),
    status: second(STATUS_KEY),
  }
}

/** As the flag says, else the environment, else the default. Throws UsageError. */
export const detachKeysOf = (env: NodeJS.ProcessEnv, flag?: string): Keys =>
  parseDetachKeys(flag ?? env.HOLDFAST_DETACH_KEYS ?? DEFAULT_DETACH_KEYS)

export interface KeyActions {
  /** Gets what is typed into the session. */
  type(bytes: Buffer): void
  detach(): void
  status(): void
}

export class DetachKeys {
  readonly #keys: Keys
  readonly #on: KeyActions
  /** The prefix as it was typed, while the second key is awaited. */
  #prefix = ''
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(keys: Keys, on: KeyActions) {
    this.#keys = keys
    this.#on = on
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
    const found = this.#keys.prefix.exec(rest)
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
    if (this.#keys.detach.test(rest)) {
      this.#on.detach()
      return ''
    }
    const status = this.#keys.status.exec(rest)
    if (status !== null) {
      this.#on.status()
      return rest.slice(status[0].length)
    }
    this.#send(prefix)
    const again = this.#keys.prefix.exec(rest)
    if (again?.index === 0) return rest.slice(again[0].length)
    return rest
  }

  #send(latin1: string): void {
    if (latin1 !== '') this.#on.type(Buffer.from(latin1, 'latin1'))
  }
}
