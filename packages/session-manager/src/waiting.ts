/** Waits that are longer than one call of the API may be, and that can be given up. */
import type { Wait, WaitResult } from '@holdfast/protocol'
import type { SessionApi } from './api.ts'

export type Until = Omit<Wait, 'text' | 'timeoutMs'> & {
  /** A regular expression; its flags do not count. */
  text?: string | RegExp
  /** Milliseconds, without a bound; default 30,000. */
  timeoutMs?: number
  signal?: AbortSignal
}

const DEFAULT_MS = 30_000
/** The most that the API takes at one time. */
const LONGEST_MS = 600_000

export const wait = async (api: Pick<SessionApi, 'wait'>, id: string, until: Until): Promise<WaitResult> => {
  const { signal, timeoutMs = DEFAULT_MS, text, ...rest } = until
  const wanted: Wait = {
    ...rest,
    ...(text === undefined ? {} : { text: typeof text === 'string' ? text : text.source }),
  }
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const leftMs = deadline - Date.now()
    const result = await api.wait(id, { ...wanted, timeoutMs: Math.min(Math.max(leftMs, 1), LONGEST_MS) }, signal)
    const hasEnded = result.exitCode !== undefined
    if (result.met || hasEnded || leftMs <= LONGEST_MS) return result
  }
}
