/** From `pending` to `running`: place, create, wait until the host listens, seal, claim. Each step may be repeated. */
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Claim,
  type EndReason,
  type FinalScreen,
  HoldfastError,
  type HostStatus,
  hasEnded,
  hostIdOf,
  incarnationOf,
} from '@holdfast/protocol'
import { type HostInfo, ImageMissing, type Runtime } from '@holdfast/runtime'
import type { SessionRecord } from '@holdfast/session-store'
import { adoptNewer } from './adoption.ts'
import { withCondition } from './conditions.ts'
import { seen, seenHost } from './deaths.ts'
import { holderOf } from './demand.ts'
import { type Domain, guardOf, type Outcome } from './domain.ts'
import { fail } from './endings.ts'
import { isUnavailable } from './guarded-runtime.ts'
import type { Target } from './host-client.ts'
import { hostSpec } from './host-spec.ts'
import { removeEarlier } from './leftovers.ts'
import { obtainHost, poolFor, takeWarm } from './pool-host.ts'
import { givesUp, waitFor } from './waiting.ts'

/** First and longest pause between two knocks at a new host. */
const POLL_MS = { first: 5, longest: 40 }
/** How often a host that does not listen yet is checked for having died, and the record for having been stopped. */
const CHECK_MS = 1_000
const RETRY_MS = 1_000
const LOG_TAIL_BYTES = 2_000
/** The next host is not made at the cost of this session's start, nor of the attach that follows it. */
const REFILL_DELAY_MS = 500

/** The session's files are there and nowhere else, and so is the room that it has held since. */
const stay = async ({ nodes, placer }: Domain, hostId: string, record: SessionRecord) => {
  const runtime = nodes.runtime(record.node)
  if (runtime === undefined)
    throw new HoldfastError('RUNTIME_UNAVAILABLE', `node "${record.node}" is not of this orchestrator`)
  await placer.hold(hostId, runtime.node, record)
  return { runtime, placement: `${record.node}: its files are there` }
}

/** Phase `pending`: a node with room and a new incarnation, with a warm host where one waits. */
export const place = async (domain: Domain, record: SessionRecord): Promise<Outcome> => {
  const incarnation = incarnationOf(record.fence + 1)
  const hostId = hostIdOf(record.id, incarnation)
  try {
    const isNew = record.workspace === null
    const { runtime, placement } = await (isNew ? domain.placer.place(hostId, record) : stay(domain, hostId, record))
    const warm = isNew ? await takeWarm(domain, record, runtime.node) : null
    const next = await domain.store.place(record.tenant, record.id, guardOf(record), {
      incarnation,
      node: runtime.node,
      placement,
      runtime: runtime.kind,
      hostId: warm ?? hostId,
      workspace: record.workspace ?? warm ?? hostId,
    })
    // Of the incarnation before. What this fails at is made good by the sweep.
    if (record.hostId !== null) await domain.placer.release(holderOf(record)).catch(() => {})
    return { next }
  } catch (error) {
    if (isUnavailable(error)) return { againMs: RETRY_MS, waitsFor: `a node that takes it: ${error.message}` }
    throw error
  }
}

const died = async (domain: Domain, runtime: Runtime, record: SessionRecord, info: HostInfo): Promise<Outcome> => {
  const said = (await runtime.tail(info.hostId, LOG_TAIL_BYTES)).trim().split('\n').at(-1)?.slice(0, 500) ?? ''
  const detail = `before the start, exit code ${info.exitCode}: ${said}`
  return fail(domain, record, 'host-died', detail, [seenHost(record.node, info), seen(`its last line was: ${said}`)])
}

const stillStarting = (now: SessionRecord | null, { incarnation }: SessionRecord): now is SessionRecord =>
  now?.phase === 'starting' && now.incarnation === incarnation

/** A host of a placement that is over is nobody's. Of one that is being stopped it is the stop's. */
const undo = async (runtime: Runtime, record: SessionRecord, now: SessionRecord | null): Promise<Outcome> => {
  const hasGone = now === null || hasEnded(now.phase)
  const isOver = hasGone || now.incarnation !== record.incarnation
  // Another placement of the session has its files.
  if (isOver && record.hostId !== null) await runtime.remove(record.hostId, hasGone ? record.workspace : null)
  return { againMs: 0 }
}

/** Waits until it listens, or for what stands in the way. */
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
    if (signal.aborted || givesUp(domain, record)) return { againMs: 0 }
    if (Date.now() >= checkAt) {
      checkAt = Date.now() + CHECK_MS
      const now = await domain.store.get(record.tenant, record.id)
      if (!stillStarting(now, record)) return undo(runtime, record, now)
      const info = await runtime.inspect(target.hostId)
      if (info?.state === 'exited') return died(domain, runtime, now, info)
      const what = `the session host to listen on ${runtime.node} (${target.hostId} ${info?.state ?? 'gone'})`
      await waitFor(domain, now, what)
    }
    await delay(pauseMs, undefined, { signal }).catch(() => {})
    pauseMs = Math.min(pauseMs * 1.05, POLL_MS.longest)
  }
  return 'listening'
}

const CLAIM_REASONS: Partial<Record<string, EndReason>> = {
  COMMAND_NOT_FOUND: 'command-not-found',
  CWD_NOT_FOUND: 'cwd-not-found',
  STALE: 'runtime-error',
  BAD_REQUEST: 'runtime-error',
}

/** The screen of the incarnation before. */
const aboveOf = (screen: FinalScreen | null): Pick<Claim, 'above'> => (screen === null ? {} : { above: screen.ansi })

/** `env`: what is left of it when the store was emptied while the session ran is the template's. */
const claimOf = async ({ store, templates }: Domain, record: SessionRecord): Promise<Claim> => {
  const { detectors, env } = templates.find(record.spec.template) ?? {}
  return {
    ...record.spec,
    ...aboveOf(record.fence > 1 ? await store.screen(record.tenant, record.id) : null),
    ...(detectors === undefined ? {} : { detectors }),
    env: { ...env, ...record.spec.env },
    session: record.id,
    tenant: record.tenant,
    principal: record.principal,
    incarnation: record.incarnation,
    fence: record.fence,
  }
}

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
    conditions: withCondition([], 'Reachable', 'True', ''),
    spec: record.keepEnv ? record.spec : { ...record.spec, env: {} },
  })
  domain.live.heard(record.id, status)
  // The watcher has the host from here on, and wakes us when the command ends.
  return null
}

const create = async (domain: Domain, record: SessionRecord, signal: AbortSignal): Promise<Outcome> => {
  const runtime = domain.nodes.runtime(record.node)
  if (runtime === undefined || record.hostId === null) {
    const detail = `node "${record.node}" is not of this orchestrator`
    return fail(domain, record, 'runtime-error', detail, [seen(detail)])
  }
  const { target, listens } = await obtainHost(domain, runtime, record, hostSpec(domain, record, record.hostId))
  const obstacle = listens ? 'listening' : await awaitHost(domain, runtime, record, target, signal)
  if (obstacle !== 'listening') return obstacle
  // Between the job's beginning and here the session may have been stopped and its host removed, which `create` then made
  // anew: a worker that was frozen must not start what has ended. From the removal on this look sees it, before it the
  // claim meets the host that the removal ends.
  const now = await domain.store.get(record.tenant, record.id)
  if (!stillStarting(now, record)) return undo(runtime, record, now)
  await runtime.seal(record.hostId)
  const status = await domain.hosts.claim(target, await claimOf(domain, record))
  await removeEarlier(domain, record, runtime)
  const outcome = await running(domain, record, target.address, status)
  if (poolFor(domain, record) !== null) await domain.jobs.fill(runtime.node, REFILL_DELAY_MS)
  return outcome
}

/** Phase `starting`: everything up to the claim, or the reason why not. */
export const provision = async (domain: Domain, record: SessionRecord, signal: AbortSignal): Promise<Outcome> => {
  try {
    return await create(domain, record, signal)
  } catch (error) {
    const refused = (code: EndReason, { message }: Error): Promise<Outcome> =>
      fail(domain, record, code, message, [seen(`node ${record.node} or its host refused the start: ${message}`)])
    if (error instanceof ImageMissing) return refused('image-missing', error)
    if (isUnavailable(error)) return { againMs: RETRY_MS, waitsFor: `node ${record.node}: ${error.message}` }
    if (!(error instanceof HoldfastError)) return refused('runtime-error', error as Error)
    if (error.code === 'HOST_UNREACHABLE') return { againMs: RETRY_MS, waitsFor: error.message }
    const reason = CLAIM_REASONS[error.code]
    const now = await domain.store.get(record.tenant, record.id)
    if (reason === undefined || !stillStarting(now, record)) throw error
    return refused(reason, error)
  }
}

/** The status of the record's host, if it holds the session already: a restored record may be older than what it speaks of. */
const claimedStatus = async (domain: Domain, record: SessionRecord) => {
  const runtime = domain.nodes.runtime(record.node)
  if (runtime === undefined || record.hostId === null) return null
  try {
    const info = await runtime.inspect(record.hostId)
    if (info?.state !== 'running') return null
    const { hostId, address } = info
    const status = await domain.hosts.status({ hostId, address, session: record.id, fence: record.fence })
    return status.claim === null ? null : { status, address }
  } catch (error) {
    domain.logger.info({ err: error, session: record.id }, 'the host of an overdue start tells nothing')
    return null
  }
}

/** An overdue `pending` or `starting`: failed, unless its host says that it runs. */
export const giveUp = async (domain: Domain, record: SessionRecord): Promise<Outcome> => {
  const claimed = await claimedStatus(domain, record)
  if (claimed !== null) return running(domain, record, claimed.address, claimed.status)
  if (await adoptNewer(domain, record)) return { againMs: 0 }
  const why = record.waiting?.for ?? 'nothing that is known'
  const evidence = [
    `${record.phaseSince} ${record.phase}; incarnation ${record.incarnation || 'none'} on node ${record.node ?? 'none'}`,
    ...(record.waiting === null ? [] : [`${record.waiting.since} waits for ${why}`]),
    seen('its deadline has passed, and no host says that it runs'),
  ]
  return fail(domain, record, 'start-timeout', `waited for ${why}`, evidence)
}
