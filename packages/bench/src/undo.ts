/** What a run has made and must take down again, the last first: at the end, after a failure and on Ctrl-C. */

export type Step = () => unknown

export class Undo {
  readonly #steps = new Set<Step>()
  #running: Promise<unknown[]> | undefined

  /** The function returned does the step now; whoever comes first does it, once. */
  add(step: Step): () => Promise<void> {
    this.#steps.add(step)
    return async () => {
      if (this.#steps.delete(step)) await step()
    }
  }

  /** Does every step, whatever becomes of the others; resolves with what failed. A second call joins the first. */
  run(): Promise<unknown[]> {
    this.#running ??= this.#runAll()
    return this.#running
  }

  async #runAll(): Promise<unknown[]> {
    const failures: unknown[] = []
    for (let step = [...this.#steps].at(-1); step !== undefined; step = [...this.#steps].at(-1)) {
      this.#steps.delete(step)
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    return failures
  }
}
