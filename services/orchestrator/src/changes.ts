/** The store's events, passed on inside this replica: hints that may be lost. */
import type { StoreHint } from '@holdfast/session-store'

export interface Changes {
  emit(hint: StoreHint): void
  listen(listener: (hint: StoreHint) => void): () => void
}

export const createChanges = (): Changes => {
  const listeners = new Set<(hint: StoreHint) => void>()
  return {
    emit: (hint) => {
      for (const listener of listeners) listener(hint)
    },
    listen: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
