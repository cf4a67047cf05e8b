/** Draining nodes: their sessions carry a condition that says so, and those that are idle may be ended or, where they may be started anew, moved; the rest is waited for. */
import { HoldfastError } from '@holdfast/protocol'
import type { HostInfo } from '@holdfast/runtime'
import type { SessionRecord } from '@holdfast/session-store'
import { withCondition } from './conditions.ts'
import { type Domain, guardOf, targetOf } from './domain.ts'
import { isIdle } from './lifetime.ts'
import type { LiveSession } from './live.ts'
import { canMove } from './moving.ts'
import { requestStop } from './stopping.ts'
import { wantSuspended } from './suspending.ts'

/** How the reason begins that operators gave; others are the runtime's. */
const NODE = 'node '
/** Attempts against other writers. */
const TRIES = 5

const whyMarked = ({ conditions }: SessionRecord): string | null =>
  conditions.find(({ type }) => type === 'Draining')?.reason ?? null

const tellViewers = async ({ hosts, logger }: Domain, record: SessionRecord, why: string | null): Promise<void> => {
  const target = targetOf(record)
  if (record.phase !== 'running' || target === null) return
  await hosts.leaving(target, why).catch((error) => {
    logger.info({ err: error, session: record.id }, 'who is attached was not told that the machine is drained')
  })
}

const marked = ({ conditions }: SessionRecord, why: string | null): SessionRecord['conditions'] =>
  why === null
    ? conditions.filter(({ type }) => type !== 'Draining')
    : withCondition(conditions, 'Draining', 'True', why)

/** Null: it may stay. Viewers hear of it before the record has it: who dies in between tells them again, which they do not notice. */
const mark = async (domain: Domain, record: SessionRecord, why: string | null): Promise<void> => {
  if (whyMarked(record) === why) return
  await tellViewers(domain, record, why)
  const { store } = domain
  const { tenant, id } = record
  let current: SessionRecord | null = record
  for (let tries = 1; current !== null && whyMarked(current) !== why; tries++) {
    try {
      await store.transition(
        tenant,
        id,
        { ...guardOf(record), unchangedSince: current.rev },
        { conditions: marked(current, why) },
      )
      return
    } catch (error) {
      const code = error instanceof HoldfastError ? error.code : ''
      // It ended or moved meanwhile: then there is nothing to mark.
      if (code === 'SESSION_NOT_FOUND' || (code === 'STALE' && tries >= TRIES)) return
      if (code !== 'STALE') throw error
      current = await store.get(tenant, id)
    }
  }
}

const settle = async (domain: Domain, session: LiveSession): Promise<void> => {
  const { record } = session
  if (record.node === null || record.endedAt !== null || record.phase === 'stopping') return
  const { draining } = domain.nodes.flags(record.node)
  if (draining !== null) await mark(domain, record, `${NODE}${record.node} is drained`)
  else if (whyMarked(record)?.startsWith(NODE)) await mark(domain, record, null)
  const seconds = draining?.endIdleSeconds ?? null
  if (seconds === null || domain.nodes.maintenance() !== null || record.suspend !== null) return
  if (!(await isIdle(domain, session, seconds))) return
  if (record.spec.restart !== 'never') {
    if (await canMove(domain, record)) await wantSuspended(domain, record, 'move')
    return
  }
  await requestStop(domain, record, { code: 'drained', detail: `node ${record.node}, idle for ${seconds} s` }, false)
}

/** Brings a session in line with what its runtime says of the machine; what operators say of the node comes first. */
export const settleWorker = async (domain: Domain, record: SessionRecord, { leaves }: HostInfo): Promise<void> => {
  if (record.phase !== 'running' || domain.nodes.flags(record.node).draining !== null) return
  await mark(domain, record, leaves === undefined ? null : `worker ${leaves} takes no new pods`)
}

/** Brings the sessions of this replica in line with what operators said of their nodes. */
export const settleDraining = async (domain: Domain): Promise<void> => {
  for (const session of [...domain.live.all()]) {
    await settle(domain, session).catch((error) => {
      domain.logger.debug({ err: error, session: session.record.id }, 'draining not settled')
    })
  }
}
