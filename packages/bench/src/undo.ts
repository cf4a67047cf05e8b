/** What a run has made and must take down again, the last first: at the end, after a failure and on Ctrl-C. */

export type Step = () => unknown

export class Undo {
  readonly #steps = new Set<Step>()

  /** The function returned does the step now; whoever comes first does it, once. */
  add(step: Step): () => Promise<void> {
    this.#steps.add(step)
    return async () => {
      if (this.#steps.delete(step)) await step()
    }
  }

  /** Does every step, whatever becomes of the others; resolves with what failed. */
  async run(): Promise<unknown[]> {
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
