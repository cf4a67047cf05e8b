/** Waits that are longer than one call of the API may be, and that can be given up. */
import { MAX_WAIT_MS, WAIT_MS, type Wait, type WaitResult } from '@holdfast/protocol'
import type { SessionApi } from './api.ts'

/** What `ManagedSession.wait` waits for: `Wait` without a bound of its time, with a regular expression of JavaScript, and an `AbortSignal`. */
export type Until = Omit<Wait, 'text' | 'timeoutMs'> & {
  /** A regular expression; its flags do not count. */
  text?: string | RegExp
  /** Milliseconds, without a bound; default 30,000. */
  timeoutMs?: number
  /** Gives up: the call rejects with its reason. */
  signal?: AbortSignal
}

/** Waits as `ManagedSession.wait` does, however long: the API is asked again until it is met, the time is over or the session has ended. */
export const wait = async (api: Pick<SessionApi, 'wait'>, id: string, until: Until): Promise<WaitResult> => {
  const { signal, timeoutMs = WAIT_MS, text, ...rest } = until
  const wanted: Wait = {
    ...rest,
    ...(text === undefined ? {} : { text: typeof text === 'string' ? text : text.source }),
  }
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const leftMs = deadline - Date.now()
    const result = await api.wait(id, { ...wanted, timeoutMs: Math.min(Math.max(leftMs, 1), MAX_WAIT_MS) }, signal)
    const hasEnded = result.exitCode !== undefined
    if (result.met || hasEnded || leftMs <= MAX_WAIT_MS) return result
  }
}
