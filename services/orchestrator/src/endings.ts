/** The ends of a session: exit recorded, failure recorded, stop carried out, traces removed. */
import { type EndReason, type FinalScreen, HoldfastError, type HostExit } from '@holdfast/protocol'
import type { RecordPatch, SessionRecord } from '@holdfast/session-store'
import { LINGER_SLACK_MS, STOP_GRACE_MS } from './deadlines.ts'
import { type Domain, guardOf, type Outcome, targetOf } from './domain.ts'
import type { Target } from './host-client.ts'
import { findDeathNote, TAIL_BYTES } from './host-words.ts'

const ended = (record: SessionRecord, patch: RecordPatch): RecordPatch => ({
  endedAt: new Date().toISOString(),
  deadline: null,
  conditions: [],
  spec: { ...record.spec, env: {} },
  ...patch,
})

export const fail = async (
  domain: Domain,
  record: SessionRecord,
  code: EndReason,
  detail: string,
): Promise<Outcome> => {
  domain.logger.warn({ session: record.id, hostId: record.hostId, reason: code, detail }, 'session failed')
  const patch = ended(record, { phase: 'failed', reason: { code, detail } })
  return { next: await domain.store.transition(record.tenant, record.id, guardOf(record), patch) }
}

const exitDetail = ({ exitCode, signal, coreDumped }: HostExit): string =>
  signal !== null ? `signal ${signal}${coreDumped ? ' (core dumped)' : ''}` : `exit code ${exitCode}`

/** Screen first, phase second: whoever sees the end can read the screen, and a crash between the two repeats both. */
export const recordExit = async (
  domain: Domain,
  record: SessionRecord,
  exit: HostExit,
  screen: FinalScreen | null,
): Promise<Outcome> => {
  const { store, retentionMs } = domain
  if (screen !== null && !record.forget) await store.saveScreen(record.tenant, record.id, screen, retentionMs)
  const { exitCode, signal, endedAt, failure } = exit
  if (failure !== undefined && record.reason === null) return fail(domain, record, 'leader-killed', failure)
  const reason = record.reason ?? { code: 'exited' as const, detail: exitDetail(exit) }
  const patch = ended(record, { phase: 'exited', exitCode, signal, endedAt, reason })
  return { next: await store.transition(record.tenant, record.id, guardOf(record), patch) }
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
  const target = targetOf(record)
  const runtime = domain.nodes.runtime(record.node)
  const silent: HostExit = { exitCode: null, signal: null, offset: 0, endedAt: new Date().toISOString() }
  if (record.hostId === null || runtime === undefined) return recordExit(domain, record, silent, null)
  if (target !== null) {
    try {
      const { exit } = await domain.hosts.stop(target, STOP_GRACE_MS)
      if (exit !== null)
        return recordExit(domain, record, exit, record.forget ? null : await lastScreen(domain, target))
    } catch (error) {
      domain.logger.info(
        { err: error, session: record.id },
        'the host did not stop its session; its container is stopped',
      )
    }
  }
  await runtime.stop(record.hostId, STOP_GRACE_MS)
  const note = await deathNote(domain, record)
  return recordExit(domain, record, note?.exit ?? silent, note?.screen ?? null)
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
    await nodes.runtime(record.node)?.remove(record.hostId)
  }
  if (record.forget || endedAt + retentionMs <= Date.now()) {
    await store.remove(record.tenant, record.id, guardOf(record))
    return null
  }
  if (record.hostId !== null) {
    await store.transition(record.tenant, record.id, guardOf(record), { hostId: null, address: null })
  }
  return null
}
