/** Hosts of a session's earlier incarnations: what they left behind is told, and their word must not bring the session back. */
import type { Runtime } from '@holdfast/runtime'
import type { SessionRecord } from '@holdfast/session-store'
import { identityOf } from './adoption.ts'

/** Those on the record's node; the workspace is the session's still. */
export const removeEarlier = async (runtime: Runtime, record: SessionRecord): Promise<void> => {
  if (record.fence <= 1) return
  for (const info of await runtime.list()) {
    const identity = identityOf(info)
    if (identity?.session !== record.id || identity.fence >= record.fence) continue
    await runtime.remove(info.hostId, null)
  }
}
