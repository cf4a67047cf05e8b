/** The orchestrator without its HTTP side: the domain wired together, its start and its end. */
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError, LINGER_MS } from '@holdfast/protocol'
import type { Runtime } from '@holdfast/runtime'
import type { SessionRecord } from '@holdfast/session-store'
import { createChanges } from './changes.ts'
import { converge } from './converge.ts'
import type { Domain } from './domain.ts'
import { createHostClient } from './host-client.ts'
import { checkLifetimes } from './lifetime.ts'
import { createLive } from './live.ts'
import { createNodes } from './nodes.ts'
import { observedRuntime } from './observed-runtime.ts'
import { observedStore } from './observed-store.ts'
import { createPulse } from './pulse.ts'
import { createReconciler } from './reconciler.ts'
import { createWatcher } from './watcher.ts'

type Given = 'store' | 'jobs' | 'templates' | 'metrics' | 'logger' | 'masterKey' | 'cluster' | 'region' | 'retentionMs'

export interface EngineOptions extends Pick<Domain, Given> {
  runtimes: readonly Runtime[]
  lingerMs?: number
  /** Throws when this Redis must not be used; awaited before anything is written. */
  checkStore?: () => Promise<void>
}

export interface Engine {
  domain: Domain
  /** Resolves when Redis was reached, what runs was adopted and jobs are taken. Throws only when this Redis must not be used. */
  start(): Promise<void>
  ready(): true | string
  /** The session, also when the store was emptied and has not been refilled yet. Throws SESSION_NOT_FOUND. */
  lookup(tenant: string, id: string): Promise<SessionRecord>
  /** After STALE: accepts an emptied store and puts back what runs. */
  recover(): Promise<void>
  /** Aborted when the drain begins: everything that waits for a session gives up. */
  readonly draining: AbortSignal
  drain(): Promise<void>
}

const START_RETRY_MS = 500
const DRAIN_MS = 8_000

const codeOf = (error: unknown): string => (error instanceof HoldfastError ? error.code : '')

const buildDomain = (options: EngineOptions, onStale: () => void) => {
  const { metrics, logger } = options
  const live = createLive()
  const hosts = createHostClient(options.masterKey)
  const watcher = createWatcher({ hosts, live, jobs: options.jobs, metrics, logger })
  const store = observedStore(options.store, {
    onRecord: (record) => {
      live.put(record)
      watcher.follow(record)
    },
    onGone: (id) => {
      live.remove(id)
      watcher.forget(id)
    },
    onError: (operation, error) => {
      if (codeOf(error) === 'STORE_UNAVAILABLE') metrics.holdfast_orchestrator_redis_errors_total.inc({ operation })
      if (codeOf(error) === 'STALE') onStale()
    },
  })
  const runtimes = options.runtimes.map((runtime) =>
    observedRuntime(runtime, (operation) =>
      metrics.holdfast_orchestrator_runtime_errors_total.inc({ runtime: runtime.kind, operation }),
    ),
  )
  const domain: Domain = {
    ...options,
    store,
    live,
    hosts,
    changes: createChanges(),
    nodes: createNodes(runtimes),
    lingerMs: options.lingerMs ?? LINGER_MS,
  }
  return { domain, watcher }
}

/** Waits for Redis as long as it takes; throws when it must not be used. */
const untilReached = async (options: EngineOptions, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    try {
      await options.checkStore?.()
      await options.store.open()
      return
    } catch (error) {
      if (codeOf(error) !== 'STORE_UNAVAILABLE') throw error
      await delay(START_RETRY_MS, undefined, { signal }).catch(() => {})
    }
  }
}

/** Shares one call among all who ask while it runs. */
const shared = (call: () => Promise<void>): (() => Promise<void>) => {
  let running: Promise<void> | undefined
  return () => {
    running ??= call().finally(() => {
      running = undefined
    })
    return running
  }
}

const lookup = async (domain: Domain, recover: () => Promise<void>, tenant: string, id: string) => {
  const found = await domain.store.get(tenant, id)
  if (found !== null) return found
  if (domain.live.get(id)?.record.tenant === tenant) {
    // We knew it a moment ago: it was deleted, or the store was emptied and what runs has to be put back.
    await recover()
    const again = await domain.store.get(tenant, id)
    if (again !== null) return again
  }
  throw new HoldfastError('SESSION_NOT_FOUND', `no session ${id}`)
}

export const createEngine = (options: EngineOptions): Engine => {
  const { jobs, logger } = options
  const draining = new AbortController()
  const { signal } = draining
  const recover = shared(async () => {
    if (await options.store.open()) await reconciler.run()
  })
  const { domain, watcher } = buildDomain(options, () => void recover().catch(() => {}))
  const reconciler = createReconciler({ ...domain, watcher })
  const pulse = createPulse({ domain, watcher, recover, reconcile: () => reconciler.run() })
  let state: true | string = 'Redis was not reached yet'
  return {
    domain,
    draining: signal,
    recover,
    ready: () => state,
    lookup: (tenant, id) => lookup(domain, recover, tenant, id),
    start: async () => {
      await untilReached(options, signal)
      if (signal.aborted) return
      for (const runtime of domain.nodes.runtimes()) {
        await runtime.prepare?.().catch((error) => logger.warn({ err: error, node: runtime.node }, 'node not prepared'))
      }
      state = 'the queue is not open yet'
      await jobs.start({
        converge: (ref) => converge(domain, ref, signal),
        reconcile: () => reconciler.run(),
        lifetime: () => checkLifetimes(domain),
      })
      await reconciler.run().catch((error) => {
        logger.warn({ err: error }, 'first reconciliation failed; the pulse tries again')
      })
      await pulse.start()
      state = true
    },
    drain: async () => {
      draining.abort()
      watcher.close()
      await jobs.close(DRAIN_MS)
      await pulse.stop()
    },
  }
}
