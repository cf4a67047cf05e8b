/** What operators are told of nodes: what they said themselves, and what is noticed, once, whichever replica notices. */
import type { NodeChange, NodeEvent } from '@holdfast/protocol'
import type { Domain } from './domain.ts'
import type { Node } from './node.ts'
import type { NodeFlags, Words } from './node-words.ts'

const nodeEvent = (node: string, change: NodeChange): NodeEvent => ({
  type: 'node',
  node,
  change,
  at: new Date().toISOString(),
})

const flagNews = (before: NodeFlags | undefined, after: NodeFlags | undefined): NodeChange[] => {
  const news: NodeChange[] = []
  if (after?.cordoned && !before?.cordoned) news.push('cordoned')
  if (before?.cordoned && after?.cordoned === false) news.push('uncordoned')
  if (after?.draining && !before?.draining) news.push('draining')
  return news
}

/** What is new in the operators' word. */
export const newsOf = (before: Words, after: Words): NodeEvent[] => {
  const [had, has] = [before, after].map(({ added }) => new Set(added.map(({ id }) => id)))
  const added = [...(has ?? [])].filter((id) => !had?.has(id)).map((id) => nodeEvent(id, 'added'))
  const removed = [...(had ?? [])].filter((id) => !has?.has(id)).map((id) => nodeEvent(id, 'removed'))
  const flags = Object.keys(after.flags).flatMap((id) =>
    flagNews(before.flags[id], after.flags[id]).map((change) => nodeEvent(id, change)),
  )
  const on = after.maintenance !== null
  const changed = on !== (before.maintenance !== null)
  const maintenance: NodeEvent[] = changed ? [{ type: 'maintenance', on, at: new Date().toISOString() }] : []
  return [...added, ...removed, ...flags, ...maintenance]
}

/** Returns what looks at every node and tells of those that are lost, back or drained. It may throw STORE_UNAVAILABLE. */
export const createNodeNews = ({ nodes, placer, nodeStore, nodeLostMs }: Domain): (() => Promise<void>) => {
  /** Since when this replica knows the node, Unix time (ms); and what it told last, by matter. */
  const known = new WeakMap<Node, number>()
  const told = new Map<string, string>()

  const tell = async (matter: string, word: string, before: string, event: NodeEvent): Promise<void> => {
    if (told.get(matter) === word) return
    await nodeStore.tellOnce(matter, word, before, event)
    told.set(matter, word)
  }
  const tellReach = async (node: Node): Promise<void> => {
    const { id } = node.spec
    const { reachable, heartbeatAgeMs } = node.health()
    const since = known.get(node) ?? Date.now()
    known.set(node, since)
    const silentMs = heartbeatAgeMs ?? Date.now() - since
    if (!reachable && silentMs < nodeLostMs) return
    const change = reachable ? 'back' : 'lost'
    await tell(`reach ${id}`, change, 'back', nodeEvent(id, change))
  }
  const tellDrained = async ({ spec: { id } }: Node): Promise<void> => {
    const { draining } = nodes.flags(id)
    if (draining === null || placer.reserved(id).sessions > 0) return
    await tell(`drained ${id}`, draining.since, '', nodeEvent(id, 'drained'))
  }
  return async () => {
    for (const node of nodes.all()) {
      await tellReach(node)
      await tellDrained(node)
    }
  }
}
