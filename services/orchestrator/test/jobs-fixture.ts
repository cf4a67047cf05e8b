/** Jobs on a real Redis with work that is counted and held until it is let go. */
import type { TestContext } from 'node:test'
import { createMetrics, newLogger } from '@holdfast/service-kit'
import type { RedisClient } from '@holdfast/session-store'
import { newCluster } from '@holdfast/session-store/redis-server'
import { bullJobs, type Jobs, type Ref, type Work } from '../src/jobs.ts'
import { METRICS, type OrchestratorMetrics } from '../src/metrics.ts'
import { producerConnection, workerConnection } from '../src/redis-connections.ts'

export const REF = { tenant: 'acme', id: 'local-0123456789abcd' }
/** A session of its own for each number. */
export const refOf = (number: number): Ref => ({ ...REF, id: `local-${String(number).padStart(14, '0')}` })

export interface JobsOver {
  cluster?: string
  metrics?: OrchestratorMetrics
  worker?: () => RedisClient
}

export const newJobs = (t: TestContext, url: string, over: JobsOver = {}): Jobs => {
  const jobs = bullJobs({
    connections: { producer: () => producerConnection(url), worker: over.worker ?? (() => workerConnection(url)) },
    cluster: over.cluster ?? newCluster(),
    logger: newLogger('test', 'silent'),
    metrics: over.metrics ?? createMetrics(METRICS),
  })
  t.after(() => jobs.close(2_000))
  return jobs
}

/** Work whose converge runs are counted and held until let go. */
export const heldWork = () => {
  const runs: Ref[] = []
  /** For each run, whether it was told that its lock is lost. */
  const losses: AbortSignal[] = []
  let release = (): void => {}
  const gate = new Promise<void>((done) => {
    release = done
  })
  const counts = { reconcile: 0, lifetime: 0, atOnce: 0, most: 0 }
  const work: Work = {
    converge: async (ref, lost) => {
      runs.push(ref)
      losses.push(lost)
      counts.atOnce += 1
      counts.most = Math.max(counts.most, counts.atOnce)
      await gate
      counts.atOnce -= 1
    },
    reconcile: async () => {
      counts.reconcile += 1
    },
    lifetime: async () => {
      counts.lifetime += 1
    },
    fill: async () => {},
    pools: async () => {},
  }
  return { work, runs, losses, counts, release: () => release() }
}
