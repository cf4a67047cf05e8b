/** Sessions leave a drained node as suspended ones: their next host is made on another node, with their files in it. */
import { hostIdOf, incarnationOf } from '@holdfast/protocol'
import type { Runtime } from '@holdfast/runtime'
import type { RecordPatch, SessionRecord } from '@holdfast/session-store'
import type { Domain } from './domain.ts'
import { isUnavailable } from './guarded-runtime.ts'
import { hostSpec } from './host-spec.ts'
import { waitFor } from './waiting.ts'

/** Could it start anew on another node now? */
export const hasElsewhere = async ({ placer }: Domain, record: SessionRecord): Promise<boolean> => {
  const { node } = await placer.explain(record)
  return node !== null && node !== record.node
}

const reserve = async ({ placer }: Domain, holder: string, record: SessionRecord): Promise<Runtime | null> => {
  try {
    return (await placer.place(holder, record)).runtime
  } catch (error) {
    if (isUnavailable(error)) return null
    throw error
  }
}

/** The record as its next placement makes it. */
const placedNext = (record: SessionRecord): SessionRecord => {
  const fence = record.fence + 1
  return { ...record, fence, incarnation: incarnationOf(fence) }
}

/**
 * What a stopped session that shall run needs to do so on another node; nothing when its node is not drained, or when no
 * other one takes it. Throws RUNTIME_UNAVAILABLE when its files could not be copied: it has not been moved then.
 */
export const moveAway = async (domain: Domain, record: SessionRecord, source: Runtime): Promise<RecordPatch> => {
  const { nodes, placer } = domain
  if (record.hostId === null || record.workspace === null || nodes.flags(source.node).draining === null) return {}
  const next = placedNext(record)
  const holder = hostIdOf(next.id, next.incarnation)
  const target = await reserve(domain, holder, record)
  if (target === null) return {}
  // Its files are those of the machine's user, there as here: where it starts is decided then.
  if (source.exportWorkspace === undefined || target.importWorkspace === undefined) return { workspace: null }
  try {
    await waitFor(domain, record, `its files to come from node ${source.node} to ${target.node}`)
    const files = await source.exportWorkspace(record.hostId)
    await target.importWorkspace(hostSpec(domain, next, holder), files)
  } catch (error) {
    await placer.release(holder)
    throw error
  }
  return { node: target.node }
}
