/** Ends sessions, but not at once: for some seconds the user may take it back, and until then nothing is sent. */
import { HoldfastError, type Session } from '@holdfast/protocol'
import { signal } from '@preact/signals'

/** Time to take it back, milliseconds. */
const UNDO_MS = 6000
/** Requests under way at the same time. */
const AT_ONCE = 6

export interface EndingsParts {
  end(id: string): Promise<void>
  /** It is gone: out of the list. */
  onEnded(id: string): void
  explain(error: unknown): string
  undoMs?: number
}

export class Endings {
  /** Those that will be ended, and when, as Date.now(). */
  readonly planned = signal<{ sessions: readonly Session[]; dueAtMs: number } | null>(null)
  /** Why some could not be ended; null when there is nothing to say. */
  readonly failure = signal<string | null>(null)
  readonly #parts: EndingsParts
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(parts: EndingsParts) {
    this.#parts = parts
  }

  has(id: string): boolean {
    return this.planned.value?.sessions.some((session) => session.id === id) ?? false
  }

  /** Together with those that are planned already; the time begins anew. */
  plan(sessions: readonly Session[]): void {
    const before = this.planned.peek()?.sessions ?? []
    const all = new Map([...before, ...sessions].map((session) => [session.id, session]))
    if (all.size === 0) return
    const undoMs = this.#parts.undoMs ?? UNDO_MS
    this.failure.value = null
    this.planned.value = { sessions: [...all.values()], dueAtMs: Date.now() + undoMs }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#send(), undoMs)
  }

  undo(): void {
    clearTimeout(this.#timer)
    this.planned.value = null
  }

  async #send(): Promise<void> {
    const left = [...(this.planned.peek()?.sessions ?? [])]
    this.planned.value = null
    const failures: string[] = []
    const work = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const failure = await this.#end(next)
        if (failure !== null) failures.push(failure)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    if (failures.length > 0) this.failure.value = failures.join(' ')
  }

  async #end({ id, name }: Session): Promise<string | null> {
    try {
      await this.#parts.end(id)
    } catch (error) {
      const gone = error instanceof HoldfastError && error.code === 'SESSION_NOT_FOUND'
      if (!gone) return `“${name}” was not ended: ${this.#parts.explain(error)}`
    }
    this.#parts.onEnded(id)
    return null
  }
}
