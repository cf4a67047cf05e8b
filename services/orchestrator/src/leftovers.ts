/** Hosts of a session's earlier incarnations: what they left behind is told, and their word must not bring the session back. */
import type { Runtime } from '@holdfast/runtime'
import type { SessionRecord } from '@holdfast/session-store'
import { identityOf, workspaceOf } from './adoption.ts'
import type { Domain } from './domain.ts'

/** What another node has of it is not the session's any more, its files included. */
const removeOn = async (runtime: Runtime, record: SessionRecord): Promise<void> => {
  for (const info of await runtime.list()) {
    const identity = identityOf(info)
    if (identity?.session !== record.id || identity.fence >= record.fence) continue
    await runtime.remove(info.hostId, info.node === record.node ? null : workspaceOf(info))
  }
}

/** Those on the record's node, and on drained ones, from which it may have moved. What this fails at there is made good by the sweep. */
export const removeEarlier = async ({ nodes }: Domain, record: SessionRecord, own: Runtime): Promise<void> => {
  if (record.fence <= 1) return
  const drained = nodes.runtimes().filter(({ node }) => node !== own.node && nodes.flags(node).draining !== null)
  await Promise.all([removeOn(own, record), ...drained.map((node) => removeOn(node, record).catch(() => {}))])
}
