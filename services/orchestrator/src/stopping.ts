/** Asks for the end of a session: the phase says so at once, a converge carries it out. */
import { HoldfastError, hasEnded } from '@holdfast/protocol'
import type { RecordPatch, SessionRecord } from '@holdfast/session-store'
import { type Domain, guardOf, refOf } from './domain.ts'

/** Attempts against other writers. */
const TRIES = 5

const patchFor = (
  record: SessionRecord,
  reason: NonNullable<SessionRecord['reason']>,
  forget: boolean,
): RecordPatch => {
  const keep = forget ? { forget } : {}
  if (hasEnded(record.phase) || record.phase === 'stopping') return keep
  return { ...keep, phase: 'stopping', reason }
}

/** Legal in every phase. With `forget` the record goes when the end is reached. */
export const requestStop = async (
  domain: Pick<Domain, 'store' | 'jobs'>,
  record: SessionRecord,
  reason: NonNullable<SessionRecord['reason']>,
  forget: boolean,
): Promise<void> => {
  let current: SessionRecord | null = record
  for (let tries = 1; current !== null; tries++) {
    const { tenant, id } = current
    try {
      await domain.store.transition(tenant, id, guardOf(current), patchFor(current, reason, forget))
      return await domain.jobs.converge(refOf(current))
    } catch (error) {
      const code = error instanceof HoldfastError ? error.code : ''
      if (code === 'SESSION_NOT_FOUND') return
      if (code !== 'STALE' || tries >= TRIES) throw error
      current = await domain.store.get(tenant, id)
    }
  }
}
