/** Wakes and throttles the work on BullMQ: at most one converge of a session runs and one waits. Never the truth: any job may be lost. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@holdfast/service-kit'
import { type JobsOptions as AddOptions, type Job, Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { OrchestratorMetrics } from './metrics.ts'

export interface Ref {
  tenant: string
  id: string
}

/** What the jobs do; each may be run twice, or not at all. */
export interface Work {
  converge(ref: Ref): Promise<void>
  reconcile(): Promise<void>
  lifetime(): Promise<void>
}

export interface Jobs {
  /** Asks for a converge now. Never throws: a wake-up that cannot be queued is made good by the next reconciliation. */
  converge(ref: Ref): Promise<void>
  /** Asks for a converge after `delayMs`, in place of the one asked for before. Never throws. */
  later(ref: Ref, delayMs: number): Promise<void>
  /** Resolves when the queue takes and gives jobs; waits for Redis as long as it takes. */
  start(work: Work): Promise<void>
  /** Puts the periodic jobs back if the queue lost them. Throws when Redis is away. */
  ensureSchedules(): Promise<void>
  /** Writes depth and age of the queue into the metrics. Throws when Redis is away. */
  measure(): Promise<void>
  /** True once after wake-ups had to be dropped. */
  takeMissed(): boolean
  /** Stops taking jobs, waits for the running ones up to `maxMs`. */
  close(maxMs: number): Promise<void>
}

export interface JobsOptions {
  connections: { producer: () => Redis; worker: () => Redis }
  cluster: string
  logger: Logger
  metrics: OrchestratorMetrics
}

const QUEUE = 'converge'
const CONCURRENCY = 16
const SCHEDULES = { reconcile: 30_000, lifetime: 5_000 } as const
/** A worker that was killed holds its jobs for up to lock + stalled interval. Milliseconds. */
const LOCK_MS = 10_000
const STALLED_MS = 5_000
/** Pause after a failed fetch; BullMQ's own 15 s would be too long after an outage. */
const FETCH_RETRY_MS = 1_000
const KEEP = { removeOnComplete: true, removeOnFail: { age: 3600, count: 200 } } as const

interface Parts {
  queue: Queue<Ref>
  worker: Worker<Ref>
  connections: Redis[]
}

const perform = (work: Work, jobs: Pick<Jobs, 'converge'>) => async (job: Job<Ref>) => {
  if (job.name === 'converge') return work.converge(job.data)
  // A look that was asked for later becomes one asked for now, so that both share one deduplication.
  if (job.name === 'wake') return jobs.converge(job.data)
  if (job.name === 'reconcile') return work.reconcile()
  if (job.name === 'lifetime') return work.lifetime()
}

const make = (options: JobsOptions, work: Work, jobs: Pick<Jobs, 'converge'>): Parts => {
  const prefix = `{hf:${options.cluster}}`
  const [producer, consumer] = [options.connections.producer(), options.connections.worker()]
  const failed = (operation: string) => (error: Error) => {
    options.metrics.holdfast_orchestrator_redis_errors_total.inc({ operation })
    options.logger.debug({ err: error }, `${operation} failed`)
  }
  const queue = new Queue<Ref>(QUEUE, { connection: producer, prefix, defaultJobOptions: KEEP })
  queue.on('error', failed('queue'))
  const worker = new Worker<Ref>(QUEUE, perform(work, jobs), {
    connection: consumer,
    prefix,
    concurrency: CONCURRENCY,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_MS,
    maxStalledCount: 10,
    runRetryDelay: FETCH_RETRY_MS,
  })
  worker.on('error', failed('worker'))
  worker.on('failed', (job, error) => options.logger.warn({ err: error, job: job?.name }, 'job failed'))
  return { queue, worker, connections: [producer, consumer] }
}

/** BullMQ's own close waits for running jobs without end, and cannot be hurried afterwards; so it is paused first. */
const shut = async ({ queue, worker, connections }: Parts, maxMs: number): Promise<void> => {
  // Without a first contact there is no job to wait for, and even a forced close would wait for Redis.
  if (maxMs === 0) for (const connection of connections) connection.disconnect()
  const enough = new AbortController()
  const late = delay(maxMs, undefined, { signal: enough.signal }).catch(() => {})
  if (maxMs > 0) await Promise.race([worker.pause().catch(() => {}), late])
  enough.abort()
  await worker.close(true).catch(() => {})
  await queue.close().catch(() => {})
  for (const connection of connections) connection.disconnect()
}

const addSchedules = async (queue: Queue<Ref>): Promise<void> => {
  for (const [name, every] of Object.entries(SCHEDULES)) {
    const known = await queue.getJobScheduler(name)
    const overdueMs = known?.next === undefined ? Number.POSITIVE_INFINITY : Date.now() - known.next
    if (overdueMs > 3 * every) await queue.upsertJobScheduler(name, { every }, { name, opts: KEEP })
  }
}

const measureQueue = async (queue: Queue<Ref>, metrics: OrchestratorMetrics): Promise<void> => {
  const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'failed')
  for (const [state, jobs] of Object.entries(counts)) metrics.holdfast_orchestrator_queue_jobs.set({ state }, jobs)
  const [oldest] = await queue.getJobs(['waiting'], 0, 0, true)
  const ageMs = oldest === undefined ? 0 : Date.now() - oldest.timestamp - (oldest.delay ?? 0)
  metrics.holdfast_orchestrator_queue_oldest_seconds.set(Math.max(0, ageMs / 1000))
}

/** Makes queue and worker until their first contact succeeds: BullMQ never tries again after a failed one. */
const untilOpen = async (make: () => Parts, logger: Logger, isClosed: () => boolean): Promise<Parts | undefined> => {
  while (!isClosed()) {
    const parts = make()
    try {
      await Promise.all([parts.queue.waitUntilReady(), parts.worker.waitUntilReady()])
      return parts
    } catch (error) {
      logger.warn({ err: error }, 'the queue did not open; tried again')
      await shut(parts, 0)
    }
  }
  return undefined
}

/** One id for each kind: sharing it, a look due in an hour would swallow one asked for now. */
const deduplication = (kind: 'now' | 'later', { tenant, id }: Ref) => ({
  id: `${kind}-${tenant}-${id}`,
  keepLastIfActive: true,
  ...(kind === 'later' ? { replace: true } : {}),
})

export const bullJobs = (options: JobsOptions): Jobs => {
  const { logger, metrics } = options
  let made: Parts | undefined
  /** `made`, once its connections stand. */
  let open: Parts | undefined
  let closed = false
  let missed = false
  const queue = (): Queue<Ref> => {
    if (open === undefined) throw new Error('the queue is not open yet')
    return open.queue
  }
  const add = async (name: string, ref: Ref, more: AddOptions): Promise<void> => {
    try {
      await queue().add(name, ref, more)
    } catch (error) {
      missed = true
      metrics.holdfast_orchestrator_redis_errors_total.inc({ operation: 'enqueue' })
      logger.warn({ err: error, session: ref.id }, 'wake-up not queued; the next reconciliation makes it good')
    }
  }
  const converge = (ref: Ref) => add('converge', ref, { deduplication: deduplication('now', ref) })
  return {
    converge,
    later: (ref, delayMs) => add('wake', ref, { delay: delayMs, deduplication: deduplication('later', ref) }),
    start: async (work) => {
      const next = () => {
        made = make(options, work, { converge })
        return made
      }
      open = await untilOpen(next, logger, () => closed)
    },
    ensureSchedules: async () => addSchedules(queue()),
    measure: async () => measureQueue(queue(), metrics),
    takeMissed: () => {
      const was = missed
      missed = false
      return was
    },
    close: async (maxMs) => {
      closed = true
      if (made !== undefined) await shut(made, open === undefined ? 0 : maxMs)
    },
  }
}
