/** The orchestrator without its HTTP side: the domain wired together, its start and its end. */
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError, LINGER_MS } from '@holdfast/protocol'
import type { NodeStore, SessionRecord } from '@holdfast/session-store'
import { createChanges } from './changes.ts'
import { converge } from './converge.ts'
import type { Asking } from './demand.ts'
import { type Domain, refOf } from './domain.ts'
import { settleDraining } from './draining.ts'
import { withFailPoint } from './fail-point.ts'
import { createHostClient } from './host-client.ts'
import { checkLifetimes } from './lifetime.ts'
import { createLive } from './live.ts'
import { createNodeNews } from './node-news.ts'
import { createNodes, type NodesOptions } from './nodes.ts'
import { observedRuntime } from './observed-runtime.ts'
import { observedStore } from './observed-store.ts'
import type { Rules } from './placement.ts'
import { createPlacer, type Placer } from './placer.ts'
import { nodesWithWarm } from './pool-host.ts'
import { createPulse } from './pulse.ts'
import { createReconciler, type Reconciler } from './reconciler.ts'
import { fillPools } from './warm-pool.ts'
import { createWatcher } from './watcher.ts'

type Given =
  | 'store'
  | 'warm'
  | 'jobs'
  | 'templates'
  | 'quotas'
  | 'metrics'
  | 'logger'
  | 'masterKey'
  | 'cluster'
  | 'region'
  | 'retentionMs'
  | 'deathsMs'
  | 'nodeLostMs'
  | 'nodeReplaceMs'

export interface EngineOptions extends Pick<Domain, Given> {
  /** Of the nodes file. */
  nodes: NodesOptions['specs']
  runtimeOf: NodesOptions['runtimeOf']
  nodeStore: NodeStore
  rules: Rules
  lingerMs?: number
  /** See fail-point.ts; none by default. */
  failPoint?: string
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
  reconciler: Reconciler
  /** Accepts a store that was emptied and puts back what runs; true when it was. */
  recover(): Promise<boolean>
  /** Brings records and hosts in line, also when the store was emptied. */
  reconcile(): Promise<void>
  /** Aborted when the drain begins: everything that waits for a session gives up. */
  readonly draining: AbortSignal
  drain(): Promise<void>
}

const START_RETRY_MS = 500
const DRAIN_MS = 8_000

const REFUSED: readonly string[] = ['QUOTA_EXCEEDED', 'TOO_MANY']

const codeOf = (error: unknown): string => (error instanceof HoldfastError ? error.code : '')

const buildDomain = (options: EngineOptions, onStale: () => void) => {
  const { metrics, logger } = options
  const failing = <T extends object>(name: string, object: T) => withFailPoint(name, object, options.failPoint ?? '')
  const live = createLive()
  const hosts = failing('host', createHostClient(options.masterKey))
  const jobs = failing('jobs', options.jobs)
  const watcher = createWatcher({ hosts, live, jobs, metrics, logger })
  const store = observedStore(failing('store', options.store), {
    onRecord: (record) => {
      live.put(record)
      watcher.follow(record)
    },
    onGone: (id) => {
      live.remove(id)
      watcher.forget(id)
    },
    onError: (operation, error) => {
      const code = codeOf(error)
      if (code === 'STORE_UNAVAILABLE') metrics.holdfast_orchestrator_redis_errors_total.inc({ operation })
      if (REFUSED.includes(code)) metrics.holdfast_orchestrator_create_refused_total.inc({ code })
      if (code === 'STALE') onStale()
    },
  })
  const nodes = createNodes({
    specs: options.nodes,
    runtimeOf: (spec) => {
      const runtime = options.runtimeOf(spec)
      return observedRuntime(failing('runtime', runtime), (operation) =>
        metrics.holdfast_orchestrator_runtime_errors_total.inc({ runtime: runtime.kind, operation }),
      )
    },
    store: options.nodeStore,
    onLost: () => placer.holdKnown(),
    // A stream to a host that is cut off is only silent: whether it answers is found out now, and not after the longest silence.
    onSilent: (node) => {
      for (const { record } of live.all()) if (record.node === node) void jobs.converge(refOf(record))
    },
    onHost: (node, hostId) => {
      for (const { record } of live.all()) {
        if (record.node === node && record.hostId === hostId) return void jobs.converge(refOf(record))
      }
      void jobs.fill(node) // nobody's yet: one of a pool, perhaps
    },
    logger,
  })
  const { nodeStore, rules, region } = options
  const warm = failing('warm', options.warm)
  const warmNodes = (asking: Asking) => nodesWithWarm({ templates: options.templates, warm, nodes }, asking)
  const placer: Placer = createPlacer({ nodes, live, store: nodeStore, warmNodes, rules, region })
  const domain: Domain = {
    ...options,
    store,
    warm,
    jobs,
    live,
    hosts,
    changes: createChanges(),
    nodes,
    placer,
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
const shared = <T>(call: () => Promise<T>): (() => Promise<T>) => {
  let running: Promise<T> | undefined
  return () => {
    running ??= call().finally(() => {
      running = undefined
    })
    return running
  }
}

const lookup = async (domain: Domain, recover: () => Promise<unknown>, tenant: string, id: string) => {
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
    const emptied = await options.store.open()
    if (emptied) await reconciler.run()
    return emptied
  })
  const { domain, watcher } = buildDomain(options, () => void recover().catch(() => {}))
  const reconciler = createReconciler({ ...domain, watcher })
  const pulse = createPulse({
    domain,
    watcher,
    recover,
    reconcile: () => reconciler.run(),
    tellNodes: createNodeNews(domain),
  })
  const reconcile = async () => {
    if (!(await recover())) await reconciler.run()
  }
  const askForPools = async () => {
    for (const { node } of domain.nodes.runtimes()) await jobs.fill(node)
  }
  let state: true | string = 'Redis was not reached yet'
  return {
    domain,
    draining: signal,
    reconciler,
    recover,
    reconcile,
    ready: () => state,
    lookup: (tenant, id) => lookup(domain, recover, tenant, id),
    start: async () => {
      await untilReached(options, signal)
      if (signal.aborted) return
      await domain.nodes.start()
      await domain.nodes.sync()
      state = 'the queue is not open yet'
      await jobs.start({
        converge: (ref, lost) => converge(domain, ref, AbortSignal.any([signal, lost])),
        reconcile,
        lifetime: async () => {
          await settleDraining(domain)
          await checkLifetimes(domain)
        },
        fill: (node, lost) => fillPools(domain, node, AbortSignal.any([signal, lost])),
        pools: askForPools,
      })
      await reconciler.run().catch((error) => {
        logger.warn({ err: error }, 'first reconciliation failed; the pulse tries again')
      })
      await askForPools()
      await pulse.start()
      state = true
    },
    drain: async () => {
      draining.abort()
      watcher.close()
      domain.nodes.stop()
      await jobs.close(DRAIN_MS)
      await pulse.stop()
    },
  }
}
