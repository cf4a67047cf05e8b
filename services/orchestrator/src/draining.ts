/** Draining nodes: their sessions carry a condition that says so, and those that are idle may be ended or, where they may be started anew, moved; the rest is waited for. */
import { HoldfastError } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import { withCondition } from './conditions.ts'
import { type Domain, guardOf } from './domain.ts'
import { isIdle } from './lifetime.ts'
import type { LiveSession } from './live.ts'
import { canMove } from './moving.ts'
import { requestStop } from './stopping.ts'
import { wantSuspended } from './suspending.ts'

const isMarked = ({ conditions }: SessionRecord): boolean => conditions.some(({ type }) => type === 'Draining')

const mark = async ({ store }: Domain, record: SessionRecord, draining: boolean): Promise<void> => {
  if (isMarked(record) === draining) return
  const conditions = draining
    ? withCondition(record.conditions, 'Draining', 'True', `node ${record.node} is drained`)
    : record.conditions.filter(({ type }) => type !== 'Draining')
  try {
    await store.transition(record.tenant, record.id, guardOf(record), { conditions })
  } catch (error) {
    // It ended or moved meanwhile: then there is nothing to mark.
    if (!(error instanceof HoldfastError) || !['STALE', 'SESSION_NOT_FOUND'].includes(error.code)) throw error
  }
}

const settle = async (domain: Domain, session: LiveSession): Promise<void> => {
  const { record } = session
  if (record.node === null || record.endedAt !== null || record.phase === 'stopping') return
  const { draining } = domain.nodes.flags(record.node)
  await mark(domain, record, draining !== null)
  const seconds = draining?.endIdleSeconds ?? null
  if (seconds === null || domain.nodes.maintenance() !== null || record.suspend !== null) return
  if (!(await isIdle(domain, session, seconds))) return
  if (record.spec.restart !== 'never') {
    if (await canMove(domain, record)) await wantSuspended(domain, record, 'move')
    return
  }
  await requestStop(domain, record, { code: 'drained', detail: `node ${record.node}, idle for ${seconds} s` }, false)
}

/** Brings the sessions of this replica in line with what operators said of their nodes. */
export const settleDraining = async (domain: Domain): Promise<void> => {
  for (const session of [...domain.live.all()]) {
    await settle(domain, session).catch((error) => {
      domain.logger.debug({ err: error, session: session.record.id }, 'draining not settled')
    })
  }
}
