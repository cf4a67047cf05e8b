/** Tries again when, and only when, the server said how long to wait: its Retry-After is a place in a queue. */
import { HoldfastError } from '@holdfast/protocol'
import { delay } from './delay.ts'

/** How long to try again when the server says TOO_MANY and when to come back. */
export interface RetryOptions {
  /** Milliseconds to wait in all; a longer wait is the caller's to decide. Default: 30,000. */
  retryForMs?: number
  /** Before each wait: why, and how long in milliseconds. */
  onRetry?: (error: HoldfastError, waitMs: number) => void
  /** Gives up: the call rejects with its reason. */
  signal?: AbortSignal
}

const RETRY_FOR_MS = 30_000
/** Retry-After has whole seconds: within one, all to whom the same was said are spread by chance. */
const SECOND_MS = 1000

/** For calls that were refused without having done anything: TOO_MANY. */
export const retryWhenTold = async <T>(call: () => Promise<T>, options: RetryOptions): Promise<T> => {
  let leftMs = options.retryForMs ?? RETRY_FOR_MS
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'TOO_MANY' || error.retryAfterMs === undefined)
        throw error
      const waitMs = error.retryAfterMs + Math.random() * SECOND_MS
      leftMs -= waitMs
      if (leftMs < 0) throw error
      options.onRetry?.(error, waitMs)
      await delay(waitMs, options.signal)
    }
  }
}
