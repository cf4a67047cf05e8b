/** Which ends of an incarnation are no end of the session, and how long it waits before it starts anew. */
import type { EndReason } from '@holdfast/protocol'
import type { RecordPatch, SessionRecord } from '@holdfast/session-store'

/** Ends that no one asked for. */
const LOSSES: ReadonlySet<EndReason> = new Set(['host-died', 'out-of-memory', 'lost', 'node-lost'])
const OWN_ENDS: ReadonlySet<EndReason> = new Set(['exited', 'leader-killed'])

/** 1, 2, 4 … 60 s; from 1 s again after an incarnation that lived for long. */
const LONGEST_MS = 60_000
const LONG_LIFE_MS = 600_000

export const startsAnew = ({ phase, forget, spec, reason }: SessionRecord, code: EndReason): boolean => {
  if (forget || reason !== null || (phase !== 'running' && phase !== 'starting')) return false
  if (LOSSES.has(code)) return spec.restart !== 'never'
  return OWN_ENDS.has(code) && spec.restart === 'always'
}

/** Put aside like a suspended session that shall run: the next look places it when the time has come. */
export const setAside = (record: SessionRecord, code: EndReason, now: number): RecordPatch => {
  const livedMs = record.startedAt === null ? 0 : now - Date.parse(record.startedAt)
  const count = livedMs >= LONG_LIFE_MS ? 1 : (record.restarted?.count ?? 0) + 1
  const notBefore = new Date(now + Math.min(2 ** (count - 1) * 1000, LONGEST_MS)).toISOString()
  // What is on a lost node cannot be reached: the session begins with an empty workspace elsewhere.
  const elsewhere = code === 'node-lost' ? { workspace: null } : {}
  return {
    phase: 'suspended',
    suspend: null,
    restarted: { count, notBefore },
    address: null,
    conditions: [],
    ...elsewhere,
  }
}
