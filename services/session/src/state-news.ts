/** State that programs may change thousands of times a second (title, directory, bell), told at most ten times a second. */
import type { HostMessage } from '@holdfast/protocol'

const INTERVAL_MS = 100

export class StateNews {
  readonly #say: (message: HostMessage) => void
  /** Latest message of each type since the last telling. */
  readonly #waiting = new Map<string, HostMessage>()
  #timer: NodeJS.Timeout | undefined

  constructor(say: (message: HostMessage) => void) {
    this.#say = say
  }

  /** The first is told at once. */
  tell(message: HostMessage): void {
    this.#waiting.set(message.type, message)
    if (this.#timer === undefined) this.flush()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.size === 0) return
    for (const message of this.#waiting.values()) this.#say(message)
    this.#waiting.clear()
    this.#timer = setTimeout(() => this.flush(), INTERVAL_MS)
  }
}
