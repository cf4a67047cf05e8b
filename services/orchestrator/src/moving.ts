/** Sessions leave a drained node as suspended ones: their next host is made on another node, with their files in it. */
import { hostIdOf, incarnationOf } from '@holdfast/protocol'
import type { Runtime } from '@holdfast/runtime'
import type { RecordPatch, SessionRecord } from '@holdfast/session-store'
import type { Domain } from './domain.ts'
import { isUnavailable } from './guarded-runtime.ts'
import { hostSpec } from './host-spec.ts'
import { waitFor } from './waiting.ts'

/** The other node on which it could start anew now, or null. */
export const elsewhere = async ({ placer }: Domain, record: SessionRecord): Promise<string | null> => {
  const { node } = await placer.explain(record)
  return node === record.node ? null : node
}

/** Could it go to another node now, with its files? */
export const canMove = async (domain: Domain, record: SessionRecord): Promise<boolean> => {
  const target = domain.nodes.runtime(await elsewhere(domain, record))
  if (target === undefined) return false
  const hasFiles = domain.nodes.runtime(record.node)?.exportWorkspace !== undefined
  return !hasFiles || target.importWorkspace !== undefined
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
 * other one takes it with its files. Throws RUNTIME_UNAVAILABLE when its files could not be copied: it has not been moved then.
 */
export const moveAway = async (domain: Domain, record: SessionRecord, source: Runtime): Promise<RecordPatch> => {
  const { nodes, placer } = domain
  if (record.hostId === null || record.workspace === null || nodes.flags(source.node).draining === null) return {}
  const next = placedNext(record)
  const holder = hostIdOf(next.id, next.incarnation)
  const target = await reserve(domain, holder, record)
  if (target === null) return {}
  // Its files are those of the machine's user, there as here: where it starts is decided then.
  if (source.exportWorkspace === undefined) return { workspace: null }
  if (target.importWorkspace === undefined) {
    await placer.release(holder)
    return {}
  }
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
