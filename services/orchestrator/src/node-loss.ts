/** A node that does not answer: unreachable is not dead. After a while it is called lost, and after a longer one, by policy, sessions start elsewhere. */
import type { SessionRecord } from '@holdfast/session-store'
import { withCondition } from './conditions.ts'
import { seen } from './deaths.ts'
import type { Domain, Outcome } from './domain.ts'
import { fail } from './endings.ts'
import { elsewhere } from './moving.ts'
import { startsAnew } from './restart.ts'

/** Since when neither host nor node is known to be there; null when one of them is. */
const unknownSince = (conditions: SessionRecord['conditions']): number | null => {
  const reachable = conditions.find(({ type }) => type === 'Reachable')
  return reachable?.status === 'Unknown' ? Date.parse(reachable.since) : null
}

export const withNodeLost = (
  { nodeLostMs }: Domain,
  { node }: SessionRecord,
  conditions: SessionRecord['conditions'],
): SessionRecord['conditions'] => {
  const since = unknownSince(conditions)
  if (since === null || Date.now() - since < nodeLostMs) return conditions
  return withCondition(conditions, 'NodeLost', 'True', `${node} does not answer`)
}

/** The node is back; the very same list when it was not lost. */
export const withoutNodeLost = (conditions: SessionRecord['conditions']): SessionRecord['conditions'] =>
  conditions.some(({ type }) => type === 'NodeLost') ? conditions.filter(({ type }) => type !== 'NodeLost') : conditions

/** Has the longer time passed, does the policy allow it, and is there another node that answers? */
export const mayMove = async (domain: Domain, record: SessionRecord): Promise<boolean> => {
  const since = unknownSince(record.conditions)
  if (since === null || Date.now() - since < domain.nodeReplaceMs || !startsAnew(record, 'node-lost')) return false
  return (await elsewhere(domain, record)) !== null
}

/** The incarnation over there may still run: its fence is older from now on, and whoever meets it removes it. */
export const loseNode = (domain: Domain, record: SessionRecord): Promise<Outcome> => {
  const lost = record.conditions.find(({ type }) => type === 'Reachable')
  const evidence = [`${lost?.since} neither host nor node answered: ${lost?.reason}`, seen('they still do not')]
  return fail(domain, record, 'node-lost', `${record.node} has not answered since ${lost?.since}`, evidence)
}
