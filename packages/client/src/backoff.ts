/** How long to wait before the next try: full jitter, so that clients cut off together do not come back together. */

/** Upper bound of the first wait and of every wait, milliseconds. */
const FIRST_MS = 100
const LONGEST_MS = 10_000
/** Half again each time: a gateway that is back after two seconds is found within the third. */
const GROWTH = 1.5

/** Source: "Exponential Backoff And Jitter", AWS Architecture Blog: a uniform draw below a ceiling that grows. */
export class Backoff {
  readonly #random: () => number
  #attempt = 0

  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  /** Tries since the last reset. */
  get attempt(): number {
    return this.#attempt
  }

  /** Milliseconds to wait now. */
  next(): number {
    const ceiling = Math.min(LONGEST_MS, FIRST_MS * GROWTH ** Math.min(this.#attempt, 30))
    this.#attempt++
    return Math.floor(this.#random() * ceiling)
  }

  reset(): void {
    this.#attempt = 0
  }
}
