/** Something that is due again and again: at once after a rest, and never more often than it may. */
export class Pace {
  readonly #run: () => void
  #timer: NodeJS.Timeout | undefined
  #ranAt = Number.NEGATIVE_INFINITY

  constructor(run: () => void) {
    this.#run = run
  }

  /** Runs now if it rested for `restMs`, else once after that. */
  want(restMs: number): void {
    if (performance.now() - this.#ranAt >= restMs) this.now()
    else this.#timer ??= setTimeout(() => this.now(), restMs)
  }

  now(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#ranAt = performance.now()
    this.#run()
  }
}
