/** The connection that the store wants: it fails fast, never sends a write twice, and comes back by itself. */
import { once } from 'node:events'
import { HoldfastError } from '@holdfast/protocol'
import { ANSWER_MS, answered } from './availability.ts'
import { mastersOf, type RedisClient, redisClient } from './redis-client.ts'

const MAX_RETRY_MS = 1000

/**
 * Connects in the background and goes on trying for ever; until it is connected every command fails at once.
 * Hook `.on('error', …)` to log. A write whose reply was lost may have run, and running it again would answer STALE
 * to the one who won; so nothing is resent (`autoResendUnfulfilledCommands`), what was under way fails when the
 * connection closes (`maxRetriesPerRequest: 0`), and the caller, being level-triggered, reads again.
 */
export const storeConnection = (url: string): RedisClient => {
  const redis = redisClient(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 800, // below ANSWER_MS, so that the reason names the command
    connectTimeout: 2000,
    socketTimeout: 3000, // a peer that vanished without a word: connect anew instead of waiting for TCP's 15 minutes
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, MAX_RETRY_MS) * (0.5 + Math.random() / 2),
  })
  // Without a listener ioredis prints each error to the console.
  redis.on('error', () => undefined)
  return redis
}

/** Connecting goes on in the background; the first call after a start waits for it, or for its failure. */
export const connected = async (redis: RedisClient): Promise<void> => {
  if (redis.status !== 'ready') await once(redis, 'ready', { signal: AbortSignal.timeout(ANSWER_MS) })
}

/**
 * Throws BAD_REQUEST unless Redis keeps everything it is given: with any other policy it silently drops records when full.
 * INFO is asked because managed services forbid CONFIG. `allowOther` is the operator's word that it is meant so.
 */
export const checkPolicy = async (redis: RedisClient, allowOther: boolean): Promise<void> => {
  await answered(connected(redis))
  const infos = await answered(Promise.all(mastersOf(redis).map((master) => master.info('memory'))))
  const policies = infos.map((info) => /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'unknown')
  const policy = policies.find((name) => name !== 'noeviction')
  if (policy === undefined || allowOther) return
  throw new HoldfastError(
    'BAD_REQUEST',
    `Redis has maxmemory-policy ${policy}: it would drop sessions when full; start it with --maxmemory-policy noeviction`,
  )
}
