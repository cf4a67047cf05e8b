/** At most so many tasks at once; the rest wait in line, but not for ever. */
import { HoldfastError } from '@holdfast/protocol'

export class Semaphore {
  readonly #waiting: Array<() => void> = []
  readonly #limit: number
  readonly #maxWaitMs: number
  #running = 0

  constructor(limit: number, maxWaitMs: number) {
    this.#limit = limit
    this.#maxWaitMs = maxWaitMs
  }

  /** Throws RUNTIME_UNAVAILABLE when no place came free within the wait. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    await this.#enter()
    try {
      return await task()
    } finally {
      const next = this.#waiting.shift()
      // The place is handed over, not freed: a newcomer cannot overtake the line.
      if (next) next()
      else this.#running--
    }
  }

  #enter(): Promise<void> {
    if (this.#running < this.#limit) {
      this.#running++
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        const wait = `${this.#maxWaitMs / 1000} s`
        reject(new HoldfastError('RUNTIME_UNAVAILABLE', `${this.#limit} calls are under way, none ended in ${wait}`))
      }, this.#maxWaitMs)
      this.#waiting.push(enter)
    })
  }
}
