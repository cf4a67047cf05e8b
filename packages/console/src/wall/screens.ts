/** Keeps the screens of the sessions in view fresh: few requests at a time, none for what nobody sees. */
import type { Signal } from '@preact/signals'

/** Requests under way at the same time: a browser has six connections to a server, and the events take one. */
const AT_ONCE = 4
/** Milliseconds between two looks at a session that runs, and at one that just changed. */
const REFRESH_MS = 3000
const CHANGED_MS = 500

/** What is shown of a session: `null` before the first answer. */
export type Shot = { ansi: string } | { failure: string } | null

interface Watched {
  shot: Signal<Shot>
  /** It has ended: its last screen stays. */
  ended: boolean
  askedAtMs: number
  dueAtMs: number
}

export interface ScreensParts {
  read(id: string): Promise<string>
  explain(error: unknown): string
  refreshMs?: number
}

export class Screens {
  readonly #parts: ScreensParts
  readonly #watched = new Map<string, Watched>()
  #running = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #paused = false

  constructor(parts: ScreensParts) {
    this.#parts = parts
  }

  /** While it is in view; gives what ends that. */
  watch(id: string, shot: Signal<Shot>, ended: boolean): () => void {
    const entry: Watched = { shot, ended, askedAtMs: 0, dueAtMs: 0 }
    this.#watched.set(id, entry)
    this.#pump()
    return () => {
      if (this.#watched.get(id) === entry) this.#watched.delete(id)
    }
  }

  /** The session changed: look soon. */
  changed(id: string, ended: boolean): void {
    const entry = this.#watched.get(id)
    if (!entry) return
    entry.ended = ended
    entry.dueAtMs = Math.min(entry.dueAtMs, entry.askedAtMs + CHANGED_MS)
    this.#pump()
  }

  pause(paused: boolean): void {
    this.#paused = paused
    this.#pump()
  }

  #pump(): void {
    clearTimeout(this.#timer)
    if (this.#paused) return
    const waiting = [...this.#watched].sort(([, a], [, b]) => a.dueAtMs - b.dueAtMs)
    const now = Date.now()
    for (const [id, entry] of waiting) {
      if (this.#running >= AT_ONCE) return // each that ends pumps again
      if (entry.dueAtMs > now) break
      void this.#look(id, entry)
    }
    const next = Math.min(...[...this.#watched.values()].map(({ dueAtMs }) => dueAtMs))
    if (Number.isFinite(next)) this.#timer = setTimeout(() => this.#pump(), Math.max(0, next - now))
  }

  async #look(id: string, entry: Watched): Promise<void> {
    this.#running++
    entry.askedAtMs = Date.now()
    entry.dueAtMs = Number.POSITIVE_INFINITY
    const before = entry.shot.peek()
    const shown = before !== null && 'ansi' in before ? before.ansi : null
    try {
      const ansi = await this.#parts.read(id)
      if (ansi !== shown) entry.shot.value = { ansi }
    } catch (error) {
      const failure = this.#parts.explain(error)
      if (shown === null) entry.shot.value = { failure } // else it stays; the page tells when the API is away
    }
    const again = Date.now() + (this.#parts.refreshMs ?? REFRESH_MS)
    if (!entry.ended) entry.dueAtMs = Math.min(entry.dueAtMs, again)
    this.#running--
    this.#pump()
  }
}
