/** What this replica knows by heart about sessions that have a host: works while Redis is away. */
import { EventEmitter } from 'node:events'
import { type HostStatus, hasEnded } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'

export interface LiveSession {
  readonly record: SessionRecord
  /** The host's last word; null before the first. */
  readonly status: HostStatus | null
}

export interface Live {
  get(id: string): LiveSession | undefined
  all(): IterableIterator<LiveSession>
  /** Takes a record as read or written; an older one than the known is ignored. */
  put(record: SessionRecord): void
  /** Takes a status of the host named, if that is still the session's host. */
  heard(id: string, status: HostStatus): void
  remove(id: string): void
  /** Calls back whenever another record is known of the session, or none any more. */
  listen(id: string, listener: () => void): () => void
}

/** An ended session is of interest for as long as its host lingers. */
const isOfInterest = (record: SessionRecord): boolean => !hasEnded(record.phase) || record.hostId !== null

export const createLive = (): Live => {
  const sessions = new Map<string, LiveSession>()
  const news = new EventEmitter().setMaxListeners(0)
  return {
    get: (id) => sessions.get(id),
    all: () => sessions.values(),
    put(record) {
      const known = sessions.get(record.id)
      if (known !== undefined && known.record.fence > record.fence) return
      if (known !== undefined && known.record.fence === record.fence && known.record.rev > record.rev) return
      if (!isOfInterest(record)) {
        sessions.delete(record.id)
      } else {
        const sameHost = known?.record.hostId === record.hostId
        sessions.set(record.id, { record, status: sameHost ? (known?.status ?? null) : null })
      }
      news.emit(record.id)
    },
    heard(id, status) {
      const known = sessions.get(id)
      if (known?.record.hostId === status.hostId) sessions.set(id, { record: known.record, status })
    },
    remove: (id) => {
      sessions.delete(id)
      news.emit(id)
    },
    listen(id, listener) {
      news.on(id, listener)
      return () => news.off(id, listener)
    },
  }
}
