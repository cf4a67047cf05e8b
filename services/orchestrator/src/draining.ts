/** Draining a node: it takes no new sessions, and those it has carry a condition that says so. Nothing is ended. */
import { HoldfastError } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import { withCondition } from './conditions.ts'
import { type Domain, guardOf } from './domain.ts'

const mark = async ({ store }: Domain, record: SessionRecord, draining: boolean): Promise<void> => {
  const conditions = draining
    ? withCondition(record.conditions, 'Draining', 'True', `node ${record.node} is drained`)
    : record.conditions.filter(({ type }) => type !== 'Draining')
  if (conditions.length === record.conditions.length && !draining) return
  if (conditions === record.conditions) return
  try {
    await store.transition(record.tenant, record.id, guardOf(record), { conditions })
  } catch (error) {
    // It ended or moved meanwhile: then there is nothing to mark.
    if (!(error instanceof HoldfastError) || !['STALE', 'SESSION_NOT_FOUND'].includes(error.code)) throw error
  }
}

const markAll = async (domain: Domain, node: string, draining: boolean): Promise<void> => {
  for (const { record } of [...domain.live.all()]) {
    if (record.node === node && record.endedAt === null) await mark(domain, record, draining)
  }
}

/** Throws NODE_NOT_FOUND. */
export const drainNode = async (domain: Domain, node: string): Promise<void> => {
  domain.nodes.cordon(node, true)
  await markAll(domain, node, true)
}

export const undrainNode = async (domain: Domain, node: string): Promise<void> => {
  domain.nodes.cordon(node, false)
  await markAll(domain, node, false)
}
