/** One node: its runtime behind a breaker, and the heartbeat that says whether it answers and how full it is. */
import type { NodeSpec, NodeView } from '@holdfast/protocol'
import type { NodeReport, Runtime } from '@holdfast/runtime'
import type { Logger } from '@holdfast/service-kit'
import { createBreaker } from './breaker.ts'
import { counted, guardedRuntime } from './guarded-runtime.ts'

export interface Node {
  readonly spec: NodeSpec
  readonly runtime: Runtime
  /** Of the last heartbeat; null before the first. */
  report(): NodeReport | null
  /** Why it takes nothing now; null when it may be asked. */
  obstacle(): string | null
  /** It failed at its last call, or takes long to answer: others are asked first. */
  isShaky(): boolean
  /** Asks whether it answers; who asks at the same time shares the answer. Throws RUNTIME_UNAVAILABLE within 3 s. */
  probe(): Promise<void>
  health(): Pick<NodeView, 'reachable' | 'breaker' | 'heartbeatAgeMs' | 'lastError'>
  /** Begins the heartbeat; resolves after the first beat, whatever it found. */
  start(): Promise<void>
  stop(): void
}

/** Between two beats of a node that answers, and of one that does not. */
const BEAT_MS = 5_000
const KNOCK_MS = 1_000
/** A ping that takes longer is a bad sign. */
const SLOW_MS = 1_000

export interface NodeHears {
  /** It has answered before, and does not any more. */
  onSilent: () => void
  /** A host on it is worth a look. */
  onHost: (hostId: string) => void
}

export const createNode = (spec: NodeSpec, inner: Runtime, logger: Logger, { onSilent, onHost }: NodeHears): Node => {
  const breaker = createBreaker()
  const runtime = guardedRuntime(inner, breaker)
  let report: NodeReport | null = null
  let probing: Promise<void> | undefined
  let askedAt = 0
  let prepared = false
  let timer: NodeJS.Timeout | undefined
  const stopped = new AbortController()

  const probe = (): Promise<void> => {
    if (probing !== undefined) return probing
    askedAt = Date.now()
    probing = counted(breaker, () => runtime.ping()).finally(() => {
      probing = undefined
    })
    return probing
  }

  const prepare = async (): Promise<void> => {
    prepared = true
    await runtime.prepare?.().catch((error) => logger.warn({ err: error, node: spec.id }, 'node not prepared'))
  }

  const beat = async (): Promise<void> => {
    try {
      await probe()
      // What a reboot took away, or was never there.
      if (!prepared) await prepare()
      report = await counted(breaker, () => runtime.report())
    } catch (error) {
      if (prepared) {
        logger.warn({ err: error, node: spec.id }, 'node does not answer')
        onSilent()
      }
      prepared = false
    }
    if (!stopped.signal.aborted) timer = setTimeout(() => void beat(), prepared ? BEAT_MS : KNOCK_MS)
  }

  return {
    spec,
    runtime,
    report: () => report,
    obstacle: () => breaker.obstacle(),
    isShaky: () => breaker.lastError() !== null || (probing !== undefined && Date.now() - askedAt > SLOW_MS),
    probe,
    health: () => {
      const open = breaker.obstacle() !== null
      const at = breaker.succeededAt()
      return {
        reachable: breaker.lastError() === null && at !== null,
        breaker: !open ? 'closed' : probing === undefined ? 'open' : 'half-open',
        heartbeatAgeMs: at === null ? null : Date.now() - at,
        lastError: breaker.lastError(),
      }
    },
    start: async () => {
      // Past the breaker: it is no call that ends.
      await inner.follow?.(onHost, stopped.signal)
      await beat()
    },
    stop: () => {
      stopped.abort()
      clearTimeout(timer)
    },
  }
}
