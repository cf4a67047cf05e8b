/** Reading records in the order of their creation, newest first, at a cost of the page and not of the store. */
import { answered } from './availability.ts'
import { cursorOf, INDEX_MEMBER, idOfMember, type Keys, placeOf } from './keys.ts'
import { readRecord } from './records.ts'
import type { RedisClient } from './redis-client.ts'
import type { ListQuery, SessionRecord } from './store.ts'

/** Records looked at for one page; a filter that matches few gets a short page and a cursor to go on. */
export const MAX_EXAMINED = 1000
/** Records fetched in one round trip when not all of them are wanted; taking in so many delays other requests by 3 ms. */
const CHUNK = 50

interface Entry {
  /** Its place in the index. */
  member: string
  record: SessionRecord
  last: boolean
}

/** The tenant's records from below `after`, in chunks; each round trip has a deadline of its own. */
export async function* newestFirst(
  redis: RedisClient,
  keys: Keys,
  tenant: string,
  chunk = CHUNK,
  after?: string,
): AsyncGenerator<Entry> {
  let below = after === undefined ? '+' : `(${after}`
  for (;;) {
    // One more than asked tells whether this is the end.
    const found = await answered(redis.zrange(keys.index(tenant), below, '-', 'BYLEX', 'REV', 'LIMIT', 0, chunk + 1))
    const members = found.slice(0, chunk)
    const reads = members.map((member) => readRecord(redis, keys.record(tenant, idOfMember(member))))
    const records = await answered(Promise.all(reads))
    for (const [at, member] of members.entries()) {
      const record = records[at]
      // Removed between the two reads.
      if (record) yield { member, record, last: at + 1 === found.length }
      below = `(${member}`
    }
    if (found.length <= chunk) return
  }
}

const matches = (record: SessionRecord, { phase, labels = {} }: ListQuery): boolean =>
  (phase === undefined || record.phase === phase) &&
  Object.entries(labels).every(([name, value]) => record.spec.labels[name] === value)

export const listPage = async (
  redis: RedisClient,
  keys: Keys,
  query: ListQuery,
): Promise<{ records: SessionRecord[]; cursor?: string }> => {
  const filtered = query.phase !== undefined || Object.keys(query.labels ?? {}).length > 0
  const after = query.cursor === undefined ? undefined : placeOf(query.cursor, INDEX_MEMBER)
  const chunk = filtered ? CHUNK : Math.min(Math.max(query.limit, 1), CHUNK)
  const records: SessionRecord[] = []
  let examined = 0
  for await (const entry of newestFirst(redis, keys, query.tenant, chunk, after)) {
    examined += 1
    if (matches(entry.record, query)) records.push(entry.record)
    if (records.length >= query.limit || examined >= MAX_EXAMINED) {
      return entry.last ? { records } : { records, cursor: cursorOf(entry.member) }
    }
  }
  return { records }
}
