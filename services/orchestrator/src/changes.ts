/** Wakes those who wait for a session to change: from the store's events, with polling behind them as events may be lost. */
import { setTimeout as delay } from 'node:timers/promises'
import type { SessionRecord, SessionStore, StoreEvent } from '@holdfast/session-store'

export interface Changes {
  emit(event: StoreEvent): void
  listen(listener: (event: StoreEvent) => void): () => void
}

export const createChanges = (): Changes => {
  const listeners = new Set<(event: StoreEvent) => void>()
  return {
    emit: (event) => {
      for (const listener of listeners) listener(event)
    },
    listen: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Milliseconds between two looks when no event comes. */
const POLL_MS = 250

/** Reads the record until `done` says so, `maxMs` have passed or the signal aborts; returns what it read last. */
export const settle = async (
  parts: { store: SessionStore; changes: Changes },
  ref: { tenant: string; id: string },
  done: (record: SessionRecord | null) => boolean,
  maxMs: number,
  signal: AbortSignal,
): Promise<SessionRecord | null> => {
  const until = Date.now() + maxMs
  let wake = new AbortController()
  const unlisten = parts.changes.listen(({ id }) => id === ref.id && wake.abort())
  try {
    while (true) {
      wake = new AbortController()
      const record = await parts.store.get(ref.tenant, ref.id)
      const leftMs = until - Date.now()
      if (done(record) || leftMs <= 0 || signal.aborted) return record
      await delay(Math.min(POLL_MS, leftMs), undefined, { signal: AbortSignal.any([wake.signal, signal]) }).catch(
        () => {},
      )
    }
  } finally {
    unlisten()
  }
}
