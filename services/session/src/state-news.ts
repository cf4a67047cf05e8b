/** State that programs may change thousands of times a second (title, directory, bell, commands, clipboard), told at most ten times a second. */
import type { HostMessage } from '@holdfast/protocol'
import { LatestMessages } from './latest-messages.ts'

const INTERVAL_MS = 100

export class StateNews {
  readonly #say: (message: HostMessage) => void
  readonly #waiting = new LatestMessages()
  #timer: NodeJS.Timeout | undefined

  constructor(say: (message: HostMessage) => void) {
    this.#say = say
  }

  /** The first is told at once. */
  tell(message: HostMessage): void {
    this.#waiting.put(message)
    if (this.#timer === undefined) this.flush()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const news = this.#waiting.take()
    if (news.length === 0) return
    for (const message of news) this.#say(message)
    this.#timer = setTimeout(() => this.flush(), INTERVAL_MS)
  }
}
