/** Waits for a session to change: memory hears of its own writes at once and of others' by events, with polling behind it as events may be lost. */
import type { SessionRecord, SessionStore } from '@holdfast/session-store'
import type { Live } from './live.ts'

/** Milliseconds between two looks into the store when nothing is heard. */
const POLL_MS = 1_000

/** Looks at the record until `done` says so, `maxMs` have passed or the signal aborts; returns what it saw last. */
export const settle = async (
  { store, live }: { store: SessionStore; live: Live },
  { tenant, id }: { tenant: string; id: string },
  done: (record: SessionRecord | null) => boolean,
  maxMs: number,
  signal: AbortSignal,
): Promise<SessionRecord | null> => {
  const until = Date.now() + maxMs
  let woken = Promise.withResolvers<'heard' | 'poll'>()
  const wake = () => woken.resolve('heard')
  const unlisten = live.listen(id, wake)
  signal.addEventListener('abort', wake)
  try {
    for (let why: 'heard' | 'poll' = 'heard'; ; ) {
      woken = Promise.withResolvers()
      const known = why === 'heard' ? live.get(id)?.record : undefined
      const record = known ?? (await store.get(tenant, id))
      const leftMs = until - Date.now()
      if (done(record) || leftMs <= 0 || signal.aborted) return record
      const timer = setTimeout(() => woken.resolve('poll'), Math.min(POLL_MS, leftMs))
      why = await woken.promise
      clearTimeout(timer)
    }
  } finally {
    signal.removeEventListener('abort', wake)
    unlisten()
  }
}
