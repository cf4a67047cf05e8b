/** Follows what the program in front is doing: looks soon after output, and once more when it has fallen silent. Nothing runs in a session that rests. */
import { type Agent, agentOf, DETECTORS, type Detector, SETTLE_MS, type Sight, sameAgent } from '@holdfast/protocol'

/** Output waits so long for more before the screen is looked at. */
const LOOK_MS = 200

export class AgentWatch {
  readonly #sight: (quietMs: number) => Sight
  readonly #detectors: readonly Detector[]
  readonly #onChange: () => void
  #latest: Agent | null = null
  /** Monotonic. */
  #movedAt = performance.now()
  #dueAt = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  /** `detectors` come before those of Holdfast. `onChange`: it does something else now. */
  constructor(sight: (quietMs: number) => Sight, detectors: readonly Detector[], onChange: () => void) {
    this.#sight = sight
    this.#detectors = [...detectors, ...DETECTORS]
    this.#onChange = onChange
    this.#lookAt(this.#movedAt + SETTLE_MS) // how it starts is no news
  }

  /** null before the first look, and after the end. */
  get latest(): Agent | null {
    return this.#latest
  }

  /** There was output. */
  moved(): void {
    this.#movedAt = performance.now()
    if (this.#latest !== null) this.#lookAt(this.#movedAt + LOOK_MS)
  }

  /** The session has ended. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#dueAt = Number.NEGATIVE_INFINITY
    this.#latest = null
  }

  #lookAt(at: number): void {
    if (at >= this.#dueAt) return
    this.#dueAt = at
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), Math.max(0, at - performance.now()))
    this.#timer.unref()
  }

  #look(): void {
    this.#dueAt = Number.POSITIVE_INFINITY
    const quietMs = performance.now() - this.#movedAt
    const before = this.#latest
    const now = agentOf(this.#sight(quietMs), this.#detectors)
    const same = sameAgent(before, now)
    this.#latest = { ...now, since: (same ? before?.since : undefined) ?? new Date().toISOString() }
    if (quietMs < SETTLE_MS) this.#lookAt(this.#movedAt + SETTLE_MS)
    if (!same) this.#onChange()
  }
}
