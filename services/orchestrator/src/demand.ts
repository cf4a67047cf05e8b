/** What a session asks of a node. */
import { hasEnded, hostIdOf } from '@holdfast/protocol'
import { withDefaults } from '@holdfast/runtime'
import type { Need, SessionRecord } from '@holdfast/session-store'
import type { Live } from './live.ts'
import type { Nodes } from './nodes.ts'
import type { Demand } from './placement.ts'

export type Asking = Pick<SessionRecord, 'image' | 'network' | 'limits'> & {
  spec: Pick<SessionRecord['spec'], 'template' | 'region' | 'nodeSelector'>
}

/** Names the room of a placement: whatever host it is given, a warm one or its own. */
export const holderOf = ({ id, incarnation }: Pick<SessionRecord, 'id' | 'incarnation'>): string =>
  hostIdOf(id, incarnation)

export const needOf = ({ limits }: Pick<SessionRecord, 'limits'>): Need => {
  const { cpus, memoryMb, pids } = withDefaults(limits)
  return { cpuMilli: Math.round(cpus * 1000), memoryMb, pids }
}

/** Where the template's sessions are, as far as this replica knows; empty without zones. */
const zonesOf = (template: string, { live, nodes }: { live: Live; nodes: Nodes }): Record<string, number> => {
  const zones = new Map(nodes.all().map(({ spec }) => [spec.id, spec.zone]))
  if ([...zones.values()].every((zone) => zone === undefined)) return {}
  const counts: Record<string, number> = {}
  let all = 0
  for (const { record } of live.all()) {
    if (record.spec.template !== template || record.node === null || hasEnded(record.phase)) continue
    const zone = zones.get(record.node)
    if (zone !== undefined) counts[zone] = (counts[zone] ?? 0) + 1
    all++
  }
  return Object.fromEntries(Object.entries(counts).map(([zone, count]) => [zone, count / all]))
}

export const demandOf = (asking: Asking, parts: { live: Live; nodes: Nodes }): Demand => ({
  need: needOf(asking),
  image: asking.image,
  network: asking.network,
  region: asking.spec.region,
  nodeSelector: asking.spec.nodeSelector ?? {},
  zones: zonesOf(asking.spec.template, parts),
})
