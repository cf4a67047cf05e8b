/** Reading deaths: of a tenant in pages, of one session at once. */
import type { Death, DeathPage } from '@holdfast/protocol'
import { answered } from './availability.ts'
import { cursorOf, type Keys, placeOf, STREAM_ID } from './keys.ts'
import type { RedisClient } from './redis-client.ts'
import type { DeathQuery } from './store.ts'

const parse = (text: string | undefined): Death => JSON.parse(text ?? '') as Death

export const listDeaths = async (redis: RedisClient, keys: Keys, query: DeathQuery): Promise<DeathPage> => {
  const { tenant, session, limit, cursor } = query
  if (session !== undefined) {
    const found = await answered(redis.lrange(keys.sessionDeaths(tenant, session), 0, limit - 1))
    return { deaths: found.map(parse) }
  }
  const from = cursor === undefined ? '+' : `(${placeOf(cursor, STREAM_ID)}`
  // One more than asked tells whether this is the end.
  const found = await answered(redis.xrevrange(keys.deaths(tenant), from, '-', 'COUNT', limit + 1))
  const page = found.slice(0, limit)
  const last = page.at(-1)?.[0]
  return {
    deaths: page.map(([, [, text]]) => parse(text)),
    ...(found.length > limit && last !== undefined ? { cursor: cursorOf(last) } : {}),
  }
}
