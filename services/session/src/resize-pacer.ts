/** Size changes, at once when they are rare; of a storm only the last one in each interval. */
import type { Size } from './size-policy.ts'

const INTERVAL_MS = 75

export class ResizePacer {
  /** Returns false when it changed nothing. */
  readonly #apply: (size: Size) => boolean
  #waiting: Size | null = null
  #timer: NodeJS.Timeout | undefined
  #appliedAt = Number.NEGATIVE_INFINITY

  constructor(apply: (size: Size) => boolean) {
    this.#apply = apply
  }

  want(size: Size): void {
    this.#waiting = size
    if (this.#timer !== undefined) return
    const restMs = this.#appliedAt + INTERVAL_MS - performance.now()
    if (restMs <= 0) this.#flush()
    else this.#timer = setTimeout(() => this.#flush(), restMs)
  }

  #flush(): void {
    this.#timer = undefined
    if (this.#waiting !== null && this.#apply(this.#waiting)) this.#appliedAt = performance.now()
    this.#waiting = null
  }
}
