/** Removes hosts that are nobody's, within bounds that only an operator's word lifts. */
import { hasEnded, type Reapable, type Reaped } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import { type Found, workspaceOf } from './adoption.ts'
import type { Governor } from './governor.ts'
import type { Parts, Pass } from './survey.ts'
import type { Verdict } from './verdict.ts'

/** Hosts that an operator wants removed: by id, or all that are nobody's. */
export type Confirm = ReadonlySet<string> | 'all'

export interface Judged {
  found: Found
  verdict: Verdict
}

export const reapable = ({ found, verdict }: Judged): Reapable[] => {
  if (verdict.action !== 'remove') return []
  const { info, identity } = found
  const { why, evidence, needsWord } = verdict
  return [
    {
      hostId: info.hostId,
      node: info.node,
      session: identity.session,
      tenant: identity.tenant,
      why,
      evidence,
      needsWord,
    },
  ]
}

/** Why the host must stay for now; null when it may go. An operator's word lifts the bounds, but never replaces a full view. */
const heldBecause = (pass: Pass, { hostId, needsWord }: Reapable, confirmed: boolean, governor: Governor) => {
  if (pass.unlisted.length > 0) return `no list of ${pass.unlisted.join(', ')}: nothing is removed on half a view`
  if (confirmed) return null
  if (needsWord) return `${hostId} may hold a live session, or files that someone wants`
  const count = [...pass.hosts.values()].reduce((sum, hosts) => sum + hosts.size, 0)
  return governor.allow(count) ? null : 'so many removals in a minute need the word of an operator'
}

/** A host of an older placement hears of the newer one, so that it serves nobody from now on, whenever it is removed. */
const fenceOff = async ({ hosts }: Parts, { info, identity }: Found, record: SessionRecord): Promise<void> => {
  const { hostId, address } = info
  await hosts.status({ hostId, address, session: identity.session, fence: record.fence }).catch(() => {})
}

/** Name of the host's workspace; null when the session, in a newer placement, has its files in it. */
const ownWorkspace = ({ info }: Found, record: SessionRecord | undefined): string | null => {
  const workspace = workspaceOf(info)
  const isOfRecord = record?.node === info.node && record.workspace === workspace
  return isOfRecord && !hasEnded(record.phase) ? null : workspace
}

export interface Reaping {
  pass: Pass
  governor: Governor
  confirm: Confirm
  report: Reaped
}

/** Removes it or says in the report why it stays. */
const reap = async (parts: Parts, host: Reapable, reaping: Reaping, remove: () => Promise<void>): Promise<void> => {
  const { pass, governor, confirm, report } = reaping
  const { hostId, why } = host
  const reason = heldBecause(pass, host, confirm === 'all' || confirm.has(hostId), governor)
  if (reason === null) await remove()
  if (reason === null) report.removed.push(host)
  else report.kept.push({ hostId, why, reason })
  parts.metrics.holdfast_orchestrator_reconcile_total.inc({ action: reason === null ? `remove-${why}` : 'held-back' })
  parts.logger.warn({ ...host, held: reason }, 'a host that is nobody’s')
}

export const reapHost = async (parts: Parts, found: Found, host: Reapable, reaping: Reaping): Promise<void> => {
  const record = reaping.pass.records.get(host.session)
  if (host.why === 'stale' && record !== undefined) await fenceOff(parts, found, record)
  await reap(parts, host, reaping, () => found.runtime.remove(host.hostId, ownWorkspace(found, record)))
}

/** A host that got the files meanwhile keeps them: the runtime refuses. */
export const reapFiles = async (parts: Parts, stray: Reapable, reaping: Reaping): Promise<void> => {
  try {
    await reap(parts, stray, reaping, async () => parts.nodes.runtime(stray.node)?.removeWorkspace?.(stray.hostId))
  } catch (error) {
    parts.logger.warn({ err: error, ...stray }, 'files not removed')
  }
}
