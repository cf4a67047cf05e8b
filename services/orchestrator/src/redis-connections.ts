/** Connections for BullMQ: one that fails fast for those who add jobs, one that never gives up for those who take them. */
import { type RedisClient, redisClient } from '@holdfast/session-store'

/** Milliseconds; an answer later than this counts as none. */
const COMMAND_TIMEOUT_MS = 900
const retryStrategy = (times: number): number => Math.min(50 * times, 1_000)

export const producerConnection = (url: string): RedisClient =>
  redisClient(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: COMMAND_TIMEOUT_MS,
    autoResendUnfulfilledCommands: false,
    retryStrategy,
  })

export const workerConnection = (url: string): RedisClient =>
  redisClient(url, { maxRetriesPerRequest: null, retryStrategy })
