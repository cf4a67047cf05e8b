/** Changes of records over Redis pub/sub: a hint, which may be lost while a connection is. */
import type { Redis } from 'ioredis'
import { answered } from './availability.ts'
import type { StoreEvent } from './store.ts'

/** The part of the event that a script completes with phase and rev. */
export const eventHead = (tenant: string, id: string): string => JSON.stringify({ tenant, id }).slice(0, -1)

/**
 * A connection of its own that subscribes whenever it is ready, so that it survives reconnects. ioredis's own
 * resubscription is off: nobody sees it fail, and its rejection would end the process (event_handler.js, readyHandler).
 */
export const subscribeTo = async (
  redis: Redis,
  channel: string,
  onEvent: (event: StoreEvent) => void,
): Promise<() => Promise<void>> => {
  const listener = redis.duplicate({ autoResubscribe: false, lazyConnect: true })
  listener.on('error', () => undefined) // the store's own connection has the same trouble and reports it
  listener.on('message', (_channel, text) => onEvent(JSON.parse(text) as StoreEvent))
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
