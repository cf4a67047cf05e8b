/** A session store that tells what it reads, writes and fails at: memory follows the index, metrics and recovery follow the failures. */
import type { SessionRecord, SessionStore } from '@holdfast/session-store'

export interface StoreObserver {
  onRecord(record: SessionRecord): void
  onGone(id: string): void
  onError(operation: string, error: unknown): void
}

export const observedStore = (store: SessionStore, { onRecord, onGone, onError }: StoreObserver): SessionStore => {
  const watched = async <T>(operation: string, call: Promise<T>): Promise<T> => {
    try {
      return await call
    } catch (error) {
      onError(operation, error)
      throw error
    }
  }
  const seen = async (operation: string, call: Promise<SessionRecord>): Promise<SessionRecord> => {
    const record = await watched(operation, call)
    onRecord(record)
    return record
  }
  return {
    open: () => watched('open', store.open()),
    create: async (...call) => {
      const result = await watched('create', store.create(...call))
      onRecord(result.record)
      return result
    },
    adopt: (record) => seen('adopt', store.adopt(record)),
    get: async (tenant, id) => {
      const record = await watched('get', store.get(tenant, id))
      if (record !== null) onRecord(record)
      return record
    },
    list: (query) => watched('list', store.list(query)),
    scan: () => store.scan(),
    usage: (tenant) => watched('usage', store.usage(tenant)),
    correctUsage: (records) => watched('correct-usage', store.correctUsage(records)),
    transition: (...call) => seen('transition', store.transition(...call)),
    place: (tenant, id, guard, patch) => seen('place', store.place(tenant, id, guard, patch)),
    remove: async (tenant, id, guard) => {
      await watched('remove', store.remove(tenant, id, guard))
      onGone(id)
    },
    saveScreen: (tenant, id, screen, ttlMs) => watched('save-screen', store.saveScreen(tenant, id, screen, ttlMs)),
    deaths: (query) => watched('deaths', store.deaths(query)),
    screen: (tenant, id) => watched('screen', store.screen(tenant, id)),
    putTicket: (ticket, grant, ttlMs, uses) => watched('put-ticket', store.putTicket(ticket, grant, ttlMs, uses)),
    takeTicket: (ticket) => watched('take-ticket', store.takeTicket(ticket)),
    latestChange: (tenant) => watched('latest-change', store.latestChange(tenant)),
    changesAfter: (...call) => watched('changes-after', store.changesAfter(...call)),
    subscribe: (onEvent) => watched('subscribe', store.subscribe(onEvent)),
    ping: () => watched('ping', store.ping()),
  }
}
