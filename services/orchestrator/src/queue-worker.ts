/** Takes jobs off the queue: what is under way is told when its lock is lost, and a worker that takes nothing is replaced. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@holdfast/service-kit'
import type { RedisClient } from '@holdfast/session-store'
import { type Job, Worker } from 'bullmq'
import type { OrchestratorMetrics } from './metrics.ts'

/** A worker that was killed holds its jobs for up to lock + stalled interval. Milliseconds. */
const LOCK_MS = 10_000
const STALLED_MS = 5_000
/** Pause after a failed fetch; BullMQ's own 15 s would be too long after an outage. */
const FETCH_RETRY_MS = 1_000
const CONCURRENCY = 16
/** A worker that has room, while jobs wait, and takes none of them for so long is stuck. */
const STUCK_MS = 10_000

export interface QueueWorkerOptions<Data> {
  queue: string
  prefix: string
  connection: () => RedisClient
  /** `lost` aborts when another worker may have taken the job over. */
  run(job: Job<Data>, lost: AbortSignal): Promise<void>
  logger: Logger
  metrics: OrchestratorMetrics
}

export interface QueueWorker {
  /** Resolves after the first contact with Redis, rejects when that failed; BullMQ does not try again. */
  ready(): Promise<unknown>
  /** Call every few seconds with the number of jobs that wait: a stuck worker is replaced. */
  watch(waiting: number): void
  /** Stops taking jobs and waits for the running ones up to `maxMs`; 0 for a worker that was never ready. */
  close(maxMs: number): Promise<void>
}

const newWorker = <Data>(options: QueueWorkerOptions<Data>) => {
  const { metrics, logger } = options
  const connection = options.connection()
  /** By job: ends the lease that a lock is, unless it is renewed. Redis may be away, so its word is not waited for. */
  const leases = new Map<string, NodeJS.Timeout>()
  let suspectedAt: number | null = null
  const perform = async (job: Job<Data>, _token?: string, lost = AbortSignal.abort()): Promise<void> => {
    const id = job.id ?? ''
    suspectedAt = null
    leases.set(
      id,
      setTimeout(() => worker.cancelJob(id, 'the lock ran out'), LOCK_MS),
    )
    try {
      await options.run(job, lost)
    } finally {
      clearTimeout(leases.get(id))
      leases.delete(id)
    }
  }
  const worker = new Worker<Data>(options.queue, (job, token, lost) => perform(job, token, lost), {
    connection,
    prefix: options.prefix,
    concurrency: CONCURRENCY,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_MS,
    maxStalledCount: 10,
    runRetryDelay: FETCH_RETRY_MS,
  })
  worker.on('locksRenewed', ({ jobIds }) => {
    for (const id of jobIds) leases.get(id)?.refresh()
  })
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id, 'the lock was lost')
  })
  worker.on('error', (error) => {
    metrics.holdfast_orchestrator_redis_errors_total.inc({ operation: 'worker' })
    logger.debug({ err: error }, 'worker failed')
  })
  worker.on('failed', (job, error) => logger.warn({ err: error, job: job?.name }, 'job failed'))

  const isStuck = (waiting: number): boolean => {
    if (waiting === 0 || leases.size >= CONCURRENCY) suspectedAt = null
    else suspectedAt ??= performance.now()
    return suspectedAt !== null && performance.now() - suspectedAt >= STUCK_MS
  }

  /** BullMQ's own close waits for running jobs without end, and cannot be hurried afterwards; so it is paused first. */
  const close = async (maxMs: number): Promise<void> => {
    // Without a first contact there is no job to wait for, and even a forced close would wait for Redis.
    if (maxMs === 0) connection.disconnect()
    const enough = new AbortController()
    const late = delay(maxMs, undefined, { signal: enough.signal }).catch(() => {})
    if (maxMs > 0) await Promise.race([worker.pause().catch(() => {}), late])
    enough.abort()
    await worker.close(true).catch(() => {})
    connection.disconnect()
  }
  return { ready: () => worker.waitUntilReady(), isStuck, close }
}

export const createQueueWorker = <Data>(options: QueueWorkerOptions<Data>): QueueWorker => {
  let current = newWorker(options)
  return {
    ready: () => current.ready(),
    watch: (waiting) => {
      if (!current.isStuck(waiting)) return
      options.logger.error({ waiting }, 'the worker takes no jobs although some wait; it is replaced')
      options.metrics.holdfast_orchestrator_worker_restarts_total.inc()
      // What it still runs loses its locks, and hears of it.
      void current.close(0)
      current = newWorker(options)
    },
    close: (maxMs) => current.close(maxMs),
  }
}
