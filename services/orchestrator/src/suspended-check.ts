/** Phase `suspended`: stays so until it is to run again; then it is thawed, or placed anew where its files are. */
import { type FinalScreen, HoldfastError } from '@holdfast/protocol'
import type { Runtime } from '@holdfast/runtime'
import type { RecordPatch, SessionRecord } from '@holdfast/session-store'
import { withCondition } from './conditions.ts'
import { STOP_GRACE_MS } from './deadlines.ts'
import { type Domain, guardOf, type Outcome } from './domain.ts'
import { deathNote } from './endings.ts'
import { moveAway } from './moving.ts'
import { silent } from './running-check.ts'

const RETRY_MS = 2_000

/** The last screen of a session that does not run: in the index, else in the note that the host of a suspended one left. */
export const keptScreen = async (domain: Domain, record: SessionRecord): Promise<FinalScreen | null> => {
  const { store, retentionMs } = domain
  const { tenant, id } = record
  const kept = await store.screen(tenant, id)
  if (kept !== null || record.phase !== 'suspended') return kept
  const screen = (await deathNote(domain, record))?.screen ?? null
  if (screen !== null) await store.saveScreen(tenant, id, screen, retentionMs)
  return screen
}

const goOn = async ({ store }: Domain, record: SessionRecord): Promise<Outcome> => {
  const conditions = withCondition([], 'Reachable', 'True', '')
  const patch = { phase: 'running', suspend: null, conditions } as const
  return { next: await store.transition(record.tenant, record.id, guardOf(record), patch) }
}

/** The screen is in the index before the note is out of reach: the new incarnation's claim takes it from there. */
const startAnew = async (domain: Domain, record: SessionRecord, runtime: Runtime): Promise<Outcome> => {
  // Of a lost node nothing can be read.
  if (record.workspace !== null) await keptScreen(domain, record)
  const move = await moveAway(domain, record, runtime)
  const patch: RecordPatch = { phase: 'pending', conditions: [], address: null, ...move }
  return { next: await domain.store.transition(record.tenant, record.id, guardOf(record), patch) }
}

const resume = async (domain: Domain, record: SessionRecord, runtime: Runtime, hostId: string): Promise<Outcome> => {
  const earlyMs = Date.parse(record.restarted?.notBefore ?? '') - Date.now()
  if (earlyMs > 0) {
    return {
      againMs: earlyMs,
      waitsFor: `its start no. ${record.restarted?.count} anew, not before ${record.restarted?.notBefore}`,
    }
  }
  // One that was stopped has no address any more.
  if (record.address === null) return startAnew(domain, record, runtime)
  await runtime.thaw?.(hostId)
  return goOn(domain, record)
}

const verify = async (domain: Domain, record: SessionRecord, runtime: Runtime, hostId: string): Promise<Outcome> => {
  const state = (await runtime.inspect(hostId))?.state
  if (record.suspend === 'stop') {
    // Seen to have ended before its container had.
    if (state === 'running') await runtime.stop(hostId, STOP_GRACE_MS)
    return null
  }
  if (state === 'frozen') return null
  return state === 'running' ? goOn(domain, record) : silent(domain, record, runtime, hostId)
}

export const checkSuspended = async (domain: Domain, record: SessionRecord): Promise<Outcome> => {
  const runtime = domain.nodes.runtime(record.node)
  const { hostId } = record
  if (runtime === undefined || hostId === null) return null
  try {
    return await (record.suspend === null ? resume : verify)(domain, record, runtime, hostId)
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'RUNTIME_UNAVAILABLE') throw error
    return record.suspend === null ? { againMs: RETRY_MS, waitsFor: `node ${record.node}: ${error.message}` } : null
  }
}
