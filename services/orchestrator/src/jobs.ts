/** Wakes and throttles the work on BullMQ: at most one converge of a session runs and one waits. Never the truth: any job may be lost. */
import type { Logger } from '@holdfast/service-kit'
import type { RedisClient } from '@holdfast/session-store'
import { type JobsOptions as AddOptions, type Job, Queue } from 'bullmq'
import type { OrchestratorMetrics } from './metrics.ts'
import { createQueueWorker, type QueueWorker } from './queue-worker.ts'

export interface Ref {
  tenant: string
  id: string
}

/** What the jobs do; each may be run twice, or not at all. */
export interface Work {
  /** `lost` aborts when the job may have been given to someone else. */
  converge(ref: Ref, lost: AbortSignal): Promise<void>
  reconcile(): Promise<void>
  lifetime(): Promise<void>
  /** Of one node. */
  fill(node: string, lost: AbortSignal): Promise<void>
  /** Of every node. */
  pools(): Promise<void>
}

export interface Jobs {
  /** Asks for a converge now. Never throws: a wake-up that cannot be queued is made good by the next reconciliation. */
  converge(ref: Ref): Promise<void>
  /** Asks for a converge after `delayMs`, in place of the one asked for before. Never throws. */
  later(ref: Ref, delayMs: number): Promise<void>
  /** Asks for a pass over the node's warm pools after `delayMs`, behind everything else that waits. Never throws: the schedule makes it good. */
  fill(node: string, delayMs?: number): Promise<void>
  /** Resolves when the queue takes and gives jobs; waits for Redis as long as it takes. */
  start(work: Work): Promise<void>
  /** Puts the periodic jobs back if the queue lost them. Throws when Redis is away. */
  ensureSchedules(): Promise<void>
  /** Writes depth and age of the queue into the metrics, and replaces a worker that is stuck. Throws when Redis is away. */
  measure(): Promise<void>
  /** True once after wake-ups had to be dropped. */
  takeMissed(): boolean
  /** Stops taking jobs, waits for the running ones up to `maxMs`. */
  close(maxMs: number): Promise<void>
}

export interface JobsOptions {
  connections: { producer: () => RedisClient; worker: () => RedisClient }
  cluster: string
  logger: Logger
  metrics: OrchestratorMetrics
}

const QUEUE = 'converge'
const SCHEDULES = { reconcile: 30_000, lifetime: 5_000, pools: 10_000 } as const
/** Jobs without a priority go first. */
const LOW_PRIORITY = 10
const KEEP = { removeOnComplete: true, removeOnFail: { age: 3600, count: 200 } } as const

type Data = Ref | { node: string }

interface Parts {
  queue: Queue<Data>
  worker: QueueWorker
  producer: RedisClient
}

const perform =
  (work: Work, jobs: Pick<Jobs, 'converge'>) =>
  async ({ name, data }: Job<Data>, lost: AbortSignal): Promise<void> => {
    if (name === 'fill' && 'node' in data) return work.fill(data.node, lost)
    if (name === 'converge' && 'id' in data) return work.converge(data, lost)
    // A look that was asked for later becomes one asked for now, so that both share one deduplication.
    if (name === 'wake' && 'id' in data) return jobs.converge(data)
    if (name === 'reconcile') return work.reconcile()
    if (name === 'lifetime') return work.lifetime()
    if (name === 'pools') return work.pools()
  }

const make = (options: JobsOptions, work: Work, jobs: Pick<Jobs, 'converge'>): Parts => {
  const { logger, metrics, connections } = options
  const prefix = `{hf:${options.cluster}}`
  const producer = connections.producer()
  const queue = new Queue<Data>(QUEUE, { connection: producer, prefix, defaultJobOptions: KEEP })
  queue.on('error', (error) => {
    metrics.holdfast_orchestrator_redis_errors_total.inc({ operation: 'queue' })
    logger.debug({ err: error }, 'queue failed')
  })
  const run = perform(work, jobs)
  const worker = createQueueWorker({ queue: QUEUE, prefix, connection: connections.worker, run, logger, metrics })
  return { queue, worker, producer }
}

const shut = async ({ queue, worker, producer }: Parts, maxMs: number): Promise<void> => {
  if (maxMs === 0) producer.disconnect()
  await worker.close(maxMs)
  await queue.close().catch(() => {})
  producer.disconnect()
}

const addSchedules = async (queue: Queue<Data>): Promise<void> => {
  for (const [name, every] of Object.entries(SCHEDULES)) {
    const known = await queue.getJobScheduler(name)
    // Far ahead is as bad as long ago: it was set by someone whose clock is wrong, and would not come for as long as that.
    const offMs = known?.next === undefined ? Number.POSITIVE_INFINITY : Math.abs(Date.now() - known.next)
    if (offMs <= 3 * every) continue
    await queue.removeJobScheduler(name) // else the new one keeps the time of the old
    await queue.upsertJobScheduler(name, { every }, { name, opts: KEEP })
  }
}

const measureQueue = async ({ queue, worker }: Parts, metrics: OrchestratorMetrics): Promise<void> => {
  const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'failed')
  worker.watch(counts.waiting ?? 0)
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
      await Promise.all([parts.queue.waitUntilReady(), parts.worker.ready()])
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
  const parts = (): Parts => {
    if (open === undefined) throw new Error('the queue is not open yet')
    return open
  }
  const add = async (name: string, data: Data, more: AddOptions): Promise<void> => {
    try {
      await parts().queue.add(name, data, more)
    } catch (error) {
      missed = true
      metrics.holdfast_orchestrator_redis_errors_total.inc({ operation: 'enqueue' })
      logger.warn({ err: error, ...data }, 'wake-up not queued; the next reconciliation makes it good')
    }
  }
  const converge = (ref: Ref) => add('converge', ref, { deduplication: deduplication('now', ref) })
  return {
    converge,
    later: (ref, delayMs) => add('wake', ref, { delay: delayMs, deduplication: deduplication('later', ref) }),
    fill: (node, delay = 0) => {
      const once = { id: `fill-${node}`, keepLastIfActive: true }
      return add('fill', { node }, { delay, priority: LOW_PRIORITY, deduplication: once })
    },
    start: async (work) => {
      const next = () => {
        made = make(options, work, { converge })
        return made
      }
      open = await untilOpen(next, logger, () => closed)
    },
    ensureSchedules: async () => addSchedules(parts().queue),
    measure: async () => measureQueue(parts(), metrics),
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
