/** A circuit breaker: what failed several times in a row is left alone until a knock is answered. Pure but for the clock. */

/** Failures in a row that open it. One may be a hiccup; each may have cost a caller a whole deadline. */
const MAX_FAILURES = 3

export interface Breaker {
  /** Why calls must not go out now; null when they may. */
  obstacle(): string | null
  succeeded(): void
  failed(error: unknown): void
  /** What the last failure said; null after a success. */
  lastError(): string | null
  /** Unix ms of the last success. */
  succeededAt(): number | null
}

export const createBreaker = (now: () => number = Date.now): Breaker => {
  let failures = 0
  let lastError: string | null = null
  let succeededAt: number | null = null
  return {
    obstacle: () => (failures >= MAX_FAILURES ? `it failed several times in a row: ${lastError}` : null),
    succeeded: () => {
      failures = 0
      lastError = null
      succeededAt = now()
    },
    failed: (error) => {
      failures++
      lastError = error instanceof Error ? error.message : String(error)
    },
    lastError: () => lastError,
    succeededAt: () => succeededAt,
  }
}
