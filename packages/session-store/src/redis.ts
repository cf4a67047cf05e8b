/** The session store on Redis: a hash a record, a sorted index a tenant, and every write one script. */
import { answered } from './availability.ts'
import { listDeaths } from './deaths.ts'
import { epochsOf } from './epoch.ts'
import { changesAfter, latestChange, subscribeTo } from './events.ts'
import { keysOf } from './keys.ts'
import { listPage, newestFirst } from './listing.ts'
import { readRecord } from './records.ts'
import type { RedisClient } from './redis-client.ts'
import { SCRIPTS } from './scripts.ts'
import type { SessionRecord, SessionStore, TicketGrant } from './store.ts'
import { usageOf } from './usage.ts'
import { type Writer, writesOf } from './writes.ts'

const readsOf = ({ redis, keys, epochs }: Writer) => {
  async function* scan(): AsyncGenerator<SessionRecord> {
    await epochs.check() // an emptied store has no records, which must not look like no sessions
    for (const tenant of await answered(redis.smembers(keys.tenants))) {
      for await (const { record } of newestFirst(redis, keys, tenant)) yield record
    }
  }
  return {
    scan,
    get: (tenant, id) => answered(readRecord(redis, keys.record(tenant, id))),
    deaths: (query) => listDeaths(redis, keys, query),
    list: (query) => answered(listPage(redis, keys, query)),
    async screen(tenant, id) {
      const text = await answered(redis.get(keys.screen(tenant, id)))
      return text === null ? null : JSON.parse(text)
    },
  } satisfies Partial<SessionStore>
}

const ticketsOf = ({ redis, keys }: Writer) =>
  ({
    async putTicket(ticket, grant, ttlMs, uses) {
      await answered(SCRIPTS.putTicket(redis, [keys.ticket(ticket)], [JSON.stringify(grant), uses, ttlMs]))
    },
    async takeTicket(ticket) {
      const [word, grant] = await answered(SCRIPTS.takeTicket(redis, [keys.ticket(ticket)], []))
      return word === 'OK' ? (JSON.parse(String(grant)) as TicketGrant) : null
    },
  }) satisfies Partial<SessionStore>

/** `cluster` separates stores on one Redis. The connection stays the caller's; `storeConnection` makes a fitting one. */
export const redisStore = ({ redis, cluster }: { redis: RedisClient; cluster: string }): SessionStore => {
  const keys = keysOf(cluster)
  const parts = { redis, keys, epochs: epochsOf(redis, keys) }
  return {
    ...readsOf(parts),
    ...writesOf(parts),
    ...usageOf(parts),
    ...ticketsOf(parts),
    open: parts.epochs.open,
    latestChange: (tenant) => latestChange(redis, keys.changes(tenant)),
    changesAfter: (tenant, id, limit) => changesAfter(redis, keys.changes(tenant), id, limit),
    subscribe: (onHint) => subscribeTo(redis, keys.events, onHint),
    async ping() {
      await answered(redis.ping())
    },
  }
}
