/** Changes of records: a stream a tenant, which is complete as far back as it goes, and hints over pub/sub, which may be lost. */
import { Cluster } from 'ioredis'
import { answered } from './availability.ts'
import { STREAM_ID } from './keys.ts'
import type { RedisClient } from './redis-client.ts'
import type { Stored, StoreEvent, StoreHint } from './store.ts'

/** The part of the event that a script completes with phase and rev. */
export const eventHead = (type: StoreEvent['type'], tenant: string, id: string): string =>
  JSON.stringify({ type, tenant, id }).slice(0, -1)

/** Before the first event of a stream. */
export const START = '0-0'

export const latestChange = async (redis: RedisClient, key: string): Promise<string> => {
  const [last] = await answered(redis.xrevrange(key, '+', '-', 'COUNT', 1))
  return last?.[0] ?? START
}

/**
 * The event asked from must still be there: then nothing after it was dropped, whatever became of the stream (trimmed,
 * expired, emptied, restored from an old copy), and the answer is one atomic read.
 */
export const changesAfter = async <Event>(
  redis: RedisClient,
  key: string,
  after: string,
  limit: number,
): Promise<Stored<Event>[] | null> => {
  if (!STREAM_ID.test(after)) return null
  const found = await answered(redis.xrange(key, after, '+', 'COUNT', limit + 1))
  const changes = found.map(([id, [, text]]) => ({ id, event: JSON.parse(text ?? '') as Event }))
  if (after === START) return changes.slice(0, limit)
  return changes[0]?.id === after ? changes.slice(1) : null
}

/**
 * A connection of its own that subscribes whenever it is ready, so that it survives reconnects. ioredis's own
 * resubscription is off: nobody sees it fail, and its rejection would end the process (event_handler.js, readyHandler).
 */
export const subscribeTo = async (
  redis: RedisClient,
  channel: string,
  onHint: (hint: StoreHint) => void,
): Promise<() => Promise<void>> => {
  const listener =
    redis instanceof Cluster
      ? redis.duplicate([], { lazyConnect: true })
      : redis.duplicate({ autoResubscribe: false, lazyConnect: true })
  listener.on('error', () => undefined) // the store's own connection has the same trouble and reports it
  listener.on('message', (_channel, text) => onHint(JSON.parse(text) as StoreHint))
  const subscribed = new Promise<void>((resolve) => {
    listener.on('ready', () => {
      listener.subscribe(channel).then(
        () => resolve(),
        () => listener.disconnect(true), // and try again
      )
    })
  })
  listener.connect().catch(() => undefined) // goes on trying
  try {
    await answered(subscribed)
  } catch (error) {
    listener.disconnect()
    throw error
  }
  return async () => listener.disconnect()
}
