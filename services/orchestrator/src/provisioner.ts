/** From `pending` to `running`: place, create, wait until the host listens, seal, claim. Each step may be repeated. */
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Claim,
  type EndReason,
  HoldfastError,
  type HostStatus,
  hostIdOf,
  newIncarnation,
} from '@holdfast/protocol'
import { type HostSpec, ImageMissing, LABEL, type Runtime } from '@holdfast/runtime'
import { hostKey } from '@holdfast/service-kit'
import type { SessionRecord } from '@holdfast/session-store'
import { withCondition } from './conditions.ts'
import { START_TIMEOUT_MS } from './deadlines.ts'
import { type Domain, guardOf, type Outcome } from './domain.ts'
import { fail } from './endings.ts'
import type { Target } from './host-client.ts'

/** First and longest pause between two knocks at a new host. */
const POLL_MS = { first: 10, longest: 40 }
/** How often a host that does not listen yet is checked for having died, and the record for having been stopped. */
const CHECK_MS = 1_000
const RETRY_MS = 1_000
const LOG_TAIL_BYTES = 2_000

const overdue = (record: SessionRecord): boolean => record.deadline !== null && Date.now() > record.deadline

/** Notes why it has to wait; the next try comes soon. */
const waitWith = async (domain: Domain, record: SessionRecord, error: HoldfastError): Promise<Outcome> => {
  const conditions = withCondition(record.conditions, 'Healthy', 'Unknown', error.message)
  if (conditions !== record.conditions) {
    await domain.store.transition(record.tenant, record.id, guardOf(record), { conditions })
  }
  return { againMs: RETRY_MS }
}

const isUnavailable = (error: unknown): error is HoldfastError =>
  error instanceof HoldfastError && error.code === 'RUNTIME_UNAVAILABLE'

const tooLate = (domain: Domain, record: SessionRecord): Promise<Outcome> => {
  const why = record.conditions.find(({ type }) => type === 'Healthy')?.reason ?? 'the session host does not answer'
  return fail(domain, record, 'start-timeout', why)
}

/** Phase `pending`: a node and a new incarnation. */
export const place = async (domain: Domain, record: SessionRecord): Promise<Outcome> => {
  if (overdue(record)) return tooLate(domain, record)
  try {
    const runtime = await domain.nodes.choose()
    const incarnation = newIncarnation()
    const next = await domain.store.place(record.tenant, record.id, guardOf(record), {
      incarnation,
      node: runtime.node,
      runtime: runtime.kind,
      hostId: hostIdOf(record.id, incarnation),
      deadline: Date.now() + START_TIMEOUT_MS,
    })
    return { next }
  } catch (error) {
    if (isUnavailable(error)) return waitWith(domain, record, error)
    throw error
  }
}

const hostSpec = (domain: Domain, record: SessionRecord, hostId: string): HostSpec => ({
  hostId,
  image: record.image,
  hostKey: hostKey(domain.masterKey, hostId),
  labels: {
    [LABEL.cluster]: domain.cluster,
    [LABEL.host]: hostId,
    [LABEL.session]: record.id,
    [LABEL.tenant]: record.tenant,
    [LABEL.incarnation]: record.incarnation,
    [LABEL.fence]: String(record.fence),
    [LABEL.template]: record.spec.template,
  },
  limits: record.limits,
  network: record.network,
})

/** Null when it listens; else what stands in the way. */
const awaitHost = async (
  domain: Domain,
  runtime: Runtime,
  record: SessionRecord,
  target: Target,
  signal: AbortSignal,
): Promise<Outcome | 'listening'> => {
  let pauseMs = POLL_MS.first
  let checkAt = Date.now() + CHECK_MS
  while (!(await domain.hosts.ready(target))) {
    if (overdue(record)) return tooLate(domain, record)
    if (signal.aborted) return { againMs: RETRY_MS }
    if (Date.now() >= checkAt) {
      checkAt = Date.now() + CHECK_MS
      const now = await domain.store.get(record.tenant, record.id)
      if (now?.phase !== 'starting' || now.incarnation !== record.incarnation) return { againMs: 0 }
      const info = await runtime.inspect(target.hostId)
      if (info?.state === 'exited') {
        const said = (await runtime.tail(target.hostId, LOG_TAIL_BYTES)).trim().split('\n').at(-1) ?? ''
        return fail(domain, now, 'host-died', `before the start, exit code ${info.exitCode}: ${said.slice(0, 500)}`)
      }
    }
    await delay(pauseMs, undefined, { signal }).catch(() => {})
    pauseMs = Math.min(pauseMs * 1.5, POLL_MS.longest)
  }
  return 'listening'
}

const CLAIM_REASONS: Partial<Record<string, EndReason>> = {
  COMMAND_NOT_FOUND: 'command-not-found',
  CWD_NOT_FOUND: 'cwd-not-found',
  STALE: 'runtime-error',
  BAD_REQUEST: 'runtime-error',
}

const claimOf = (record: SessionRecord): Claim => ({
  ...record.spec,
  session: record.id,
  tenant: record.tenant,
  principal: record.principal,
  incarnation: record.incarnation,
  fence: record.fence,
})

const running = async (
  domain: Domain,
  record: SessionRecord,
  address: string,
  status: HostStatus,
): Promise<Outcome> => {
  await domain.store.transition(record.tenant, record.id, guardOf(record), {
    phase: 'running',
    address,
    startedAt: status.startedAt ?? new Date().toISOString(),
    deadline: null,
    conditions: withCondition([], 'Reachable', 'True', ''),
    spec: { ...record.spec, env: {} },
  })
  domain.live.heard(record.id, status)
  // The watcher has the host from here on, and wakes us when the command ends.
  return null
}

const create = async (domain: Domain, record: SessionRecord, signal: AbortSignal): Promise<Outcome> => {
  const runtime = domain.nodes.runtime(record.node)
  if (runtime === undefined || record.hostId === null) {
    return fail(domain, record, 'runtime-error', `node "${record.node}" is not of this orchestrator`)
  }
  const info = await runtime.create(hostSpec(domain, record, record.hostId))
  const target = { hostId: record.hostId, address: info.address, session: record.id, fence: record.fence }
  const obstacle = await awaitHost(domain, runtime, record, target, signal)
  if (obstacle !== 'listening') return obstacle
  await runtime.seal(record.hostId)
  const status = await domain.hosts.claim(target, claimOf(record))
  return running(domain, record, info.address, status)
}

/** Phase `starting`: everything up to the claim, or the reason why not. */
export const provision = async (domain: Domain, record: SessionRecord, signal: AbortSignal): Promise<Outcome> => {
  if (overdue(record)) return tooLate(domain, record)
  try {
    return await create(domain, record, signal)
  } catch (error) {
    if (error instanceof ImageMissing) return fail(domain, record, 'image-missing', error.message)
    if (isUnavailable(error)) return waitWith(domain, record, error)
    if (!(error instanceof HoldfastError))
      return fail(domain, record, 'runtime-error', String((error as Error).message))
    if (error.code === 'HOST_UNREACHABLE') return { againMs: RETRY_MS }
    const reason = CLAIM_REASONS[error.code]
    const current = await domain.store.get(record.tenant, record.id)
    if (reason === undefined || current?.rev !== record.rev) throw error
    return fail(domain, record, reason, error.message)
  }
}
