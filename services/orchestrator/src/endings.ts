/** The ends of a session: exit recorded, failure recorded, stop carried out, traces removed. */
import { type EndReason, type FinalScreen, HoldfastError, type HostExit } from '@holdfast/protocol'
import type { RecordPatch, SessionRecord } from '@holdfast/session-store'
import { LINGER_SLACK_MS, STOP_GRACE_MS } from './deadlines.ts'
import { deathOf, seen, seenExit } from './deaths.ts'
import { type Domain, guardOf, type Outcome, targetOf } from './domain.ts'
import type { Target } from './host-client.ts'
import { findDeathNote, TAIL_BYTES } from './host-words.ts'
import { removeEarlier } from './leftovers.ts'
import { setAside, startsAnew } from './restart.ts'

interface End {
  phase: 'exited' | 'failed'
  reason: NonNullable<SessionRecord['reason']>
  /** Null when the command never ran, or nobody knows how it ended. */
  exit: HostExit | null
  screen: FinalScreen | null
  evidence: readonly string[]
}

const codesOf = (exit: HostExit | null): RecordPatch =>
  exit === null ? {} : { exitCode: exit.exitCode, signal: exit.signal }

/** Screen first, phase and death second: whoever sees the end can read the screen, and a crash between the two repeats both. */
const end = async (domain: Domain, record: SessionRecord, { phase, reason, exit, screen, evidence }: End) => {
  const { store, retentionMs, deathsMs, live } = domain
  const keepMs = record.forget ? deathsMs : Math.max(retentionMs, deathsMs)
  const hasScreen = screen !== null && keepMs > 0
  if (hasScreen) await store.saveScreen(record.tenant, record.id, screen, keepMs)
  const endedAt = exit?.endedAt ?? new Date().toISOString()
  const patch: RecordPatch = startsAnew(record, reason.code)
    ? setAside(record, reason.code, Date.now())
    : { phase, reason, endedAt, conditions: [], spec: { ...record.spec, env: {} }, keepEnv: false, ...codesOf(exit) }
  const oomKills = live.get(record.id)?.status?.oomKills ?? 0
  const death = deathOf(record, { reason, endedAt, exit, oomKills, hasScreen, evidence })
  const brings = deathsMs > 0 ? { death, keepMs: deathsMs } : undefined
  const next = await store.transition(record.tenant, record.id, guardOf(record), patch, brings)
  domain.metrics.holdfast_orchestrator_ended_total.inc({ reason: reason.code })
  return { next }
}

/** `evidence`: what was seen where and when, by `seen` and its like. `last`: what its host had to say, if it could. */
export const fail = async (
  domain: Domain,
  record: SessionRecord,
  code: EndReason,
  detail: string,
  evidence: readonly string[],
  last: Pick<End, 'exit' | 'screen'> = { exit: null, screen: null },
): Promise<Outcome> => {
  domain.logger.warn({ session: record.id, hostId: record.hostId, reason: code, detail, evidence }, 'session failed')
  return end(domain, record, { phase: 'failed', reason: { code, detail }, evidence, ...last })
}

const exitDetail = ({ exitCode, signal, coreDumped }: HostExit): string =>
  signal !== null ? `signal ${signal}${coreDumped ? ' (core dumped)' : ''}` : `exit code ${exitCode}`

/** The incarnation has ended, the session has not: its container, with the note of its end, and its workspace stay. */
const putAside = async (
  { store, retentionMs }: Domain,
  record: SessionRecord,
  screen: FinalScreen | null,
): Promise<Outcome> => {
  const { tenant, id, spec } = record
  if (screen !== null) await store.saveScreen(tenant, id, screen, retentionMs)
  const suspend = record.suspend === 'move' ? null : 'stop'
  const patch: RecordPatch = { phase: 'suspended', suspend, address: null, conditions: [], spec }
  return { next: await store.transition(tenant, id, guardOf(record), patch) }
}

export const recordExit = async (
  domain: Domain,
  record: SessionRecord,
  exit: HostExit,
  screen: FinalScreen | null,
  evidence: readonly string[],
): Promise<Outcome> => {
  if (exit.suspended && record.phase === 'running') return putAside(domain, record, screen)
  if (exit.failure !== undefined && record.reason === null) {
    const reason = { code: 'leader-killed' as const, detail: exit.failure }
    return end(domain, record, { phase: 'failed', reason, exit, screen, evidence })
  }
  const reason = record.reason ?? { code: 'exited' as const, detail: exitDetail(exit) }
  return end(domain, record, { phase: 'exited', reason, exit, screen, evidence })
}

/** The screen of a host that answers; null when it answers with an error, HOST_UNREACHABLE when not at all. */
export const lastScreen = async (domain: Domain, target: Target): Promise<FinalScreen | null> => {
  try {
    return await domain.hosts.finalScreen(target)
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'HOST_UNREACHABLE') throw error
    domain.logger.error({ err: error, session: target.session }, 'the host gave no screen')
    return null
  }
}

/** A host that is gone or silent left a note in its output, perhaps. */
export const deathNote = async (domain: Domain, record: SessionRecord) => {
  const runtime = domain.nodes.runtime(record.node)
  if (runtime === undefined || record.hostId === null) return null
  return findDeathNote(await runtime.tail(record.hostId, TAIL_BYTES), record.id)
}

/** Phase `stopping`: ask the host, else stop the container; either way the end is recorded. */
export const finishStop = async (domain: Domain, record: SessionRecord): Promise<Outcome> => {
  const { node, hostId, reason } = record
  const target = targetOf(record)
  const runtime = domain.nodes.runtime(node)
  const silent: HostExit = { exitCode: null, signal: null, offset: 0, endedAt: new Date().toISOString() }
  const evidence = [`${record.phaseSince} asked to stop: ${reason?.code} ${reason?.detail}`]
  if (hostId === null || runtime === undefined) {
    return recordExit(domain, record, silent, null, [...evidence, seen(`it has no host that node ${node} could stop`)])
  }
  if (record.suspend === 'freeze') await runtime.thaw?.(hostId)
  if (target !== null) {
    try {
      const { exit } = await domain.hosts.stop(target, STOP_GRACE_MS)
      if (exit !== null) {
        evidence.push(seenExit(`host ${hostId} on ${node} said`, exit))
        return recordExit(domain, record, exit, await lastScreen(domain, target), evidence)
      }
    } catch (error) {
      domain.logger.info(
        { err: error, session: record.id },
        'the host did not stop its session; its container is stopped',
      )
      evidence.push(seen(`host ${hostId} did not stop it: ${(error as Error).message}`))
    }
  }
  await runtime.stop(hostId, STOP_GRACE_MS)
  evidence.push(seen(`node ${node} stopped ${hostId}`))
  const note = await deathNote(domain, record)
  if (note === null) return recordExit(domain, record, silent, null, evidence)
  evidence.push(seenExit(`its death note says`, note.exit))
  return recordExit(domain, record, note.exit, note.screen, evidence)
}

/** Phases `exited` and `failed`: the host goes after its linger, the record at once when it is to be forgotten. */
export const clean = async (domain: Domain, record: SessionRecord): Promise<Outcome> => {
  const { store, nodes, lingerMs, retentionMs } = domain
  const endedAt = Date.parse(record.endedAt ?? record.createdAt)
  // A session that never ran has no tail that a client could come back for.
  const keepMs = record.startedAt === null || record.forget ? 0 : lingerMs + LINGER_SLACK_MS
  const leftMs = endedAt + keepMs - Date.now()
  if (record.hostId !== null) {
    if (leftMs > 0) return { againMs: leftMs }
    const runtime = nodes.runtime(record.node)
    if (runtime !== undefined) await removeEarlier(domain, record, runtime)
    await runtime?.remove(record.hostId, record.workspace ?? record.hostId)
  }
  if (record.forget || endedAt + retentionMs <= Date.now()) {
    await store.remove(record.tenant, record.id, guardOf(record))
    return null
  }
  if (record.hostId !== null) {
    await store.transition(record.tenant, record.id, guardOf(record), { hostId: null, address: null, waiting: null })
  }
  return null
}
