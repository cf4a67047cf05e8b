/** What a session waits for, said on its record: written only when it changes, so that waiting costs no writes. */
import { HoldfastError, PHASE_RULES, type Waiting } from '@holdfast/protocol'
import type { RecordPatch, SessionRecord } from '@holdfast/session-store'
import { withCondition } from './conditions.ts'
import { type Domain, guardOf } from './domain.ts'

export const isOverdue = ({ deadline }: SessionRecord, now: number): boolean => deadline !== null && now > deadline

/** Is its time over, in a phase that may fail? Not in maintenance. */
export const givesUp = ({ nodes }: Pick<Domain, 'nodes'>, record: SessionRecord): boolean =>
  isOverdue(record, Date.now()) && PHASE_RULES[record.phase].overdue === 'fail' && nodes.maintenance() === null

/** ISO time at which the session is given up; null when it is tried without end. */
const givenUpAt = ({ phase, deadline }: SessionRecord): string | null =>
  deadline !== null && PHASE_RULES[phase].overdue === 'fail' ? new Date(deadline).toISOString() : null

const waitingFor = (record: SessionRecord, what: string, now: number): Waiting | null =>
  record.waiting?.for === what
    ? record.waiting
    : { for: what, since: new Date(now).toISOString(), until: givenUpAt(record) }

/** The very same list while the phase is not overdue, or known to be. */
const overdueCondition = (record: SessionRecord, now: number): SessionRecord['conditions'] =>
  isOverdue(record, now)
    ? withCondition(record.conditions, 'Overdue', 'True', `${record.phase} for longer than it should be`)
    : record.conditions

/** The record as it is then. Throws STALE when the phase has been left meanwhile. */
export const waitFor = async ({ store }: Pick<Domain, 'store'>, record: SessionRecord, what: string) => {
  const now = Date.now()
  const waiting = waitingFor(record, what, now)
  const conditions = overdueCondition(record, now)
  if (waiting === record.waiting && conditions === record.conditions) return record
  const patch: RecordPatch = { waiting, ...(conditions === record.conditions ? {} : { conditions }) }
  return store.transition(record.tenant, record.id, { ...guardOf(record), phase: record.phase }, patch)
}

/** What a failed step waits for. Errors of ours are sentences for people; others are bugs, told as such. */
export const obstacleOf = (error: unknown): string =>
  error instanceof HoldfastError
    ? `another try, as ${error.message}`
    : `another try after an error of ours: ${error instanceof Error ? error.message : String(error)}`
