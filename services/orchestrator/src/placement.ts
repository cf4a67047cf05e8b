/** Where a session goes: nodes that cannot take it are left out with a reason, the rest is ranked. Pure functions. */
import type { Capacity, Placement, Pressure } from '@holdfast/protocol'
import type { NodeReport } from '@holdfast/runtime'
import type { Need, Room } from '@holdfast/session-store'

/** A node as the decision sees it. */
export interface Candidate {
  id: string
  labels: Readonly<Record<string, string>>
  region: string
  zone: string | null
  /** Lower ones are filled first. */
  tier: number
  capacity: Capacity
  cordoned: boolean
  draining: boolean
  /** Why it does not answer; null when it does, or was not asked yet. */
  obstacle: string | null
  /** It may not answer: the others come first, whatever the score. */
  shaky: boolean
  /** A host of the session's pool waits there. */
  warm: boolean
  reserved: Room
  report: NodeReport | null
}

export interface Demand {
  need: Need
  image: string
  network: boolean
  region: string
  nodeSelector: Readonly<Record<string, string>>
  /** Share of the template's sessions by zone, 0 to 1. */
  zones: Readonly<Record<string, number>>
}

export interface Rules {
  /** `spread`: the emptiest node first, for the least harm when one is lost. `pack`: the fullest, so that others can go. */
  strategy: 'spread' | 'pack'
  /** How many times the cores of a node may be promised: sessions are seldom busy all at once. */
  cpuOvercommit: number
}

export interface Decision extends Placement {
  /** Nodes that may take it, best first. */
  ranked: { node: string; room: Room<number | null> }[]
  /** True when a node could take it but for a lack of room. */
  waits: boolean
}

/** From this share on a machine counts as full, if little is left besides: 10 % of a large disk is plenty. */
const FULL = 0.9
const LITTLE = { memoryMb: 2_048, diskMb: 10_240 } as const
/** A zone with all sessions of the template is worth half a node less than one without any. */
const ZONE_WEIGHT = 0.5
/** A start in milliseconds is worth a node that is a fifth fuller. */
const WARM_WEIGHT = 0.2
/** On a node without bounds so many sessions make half a score. */
const HALF_FULL = 100

const percent = (share: number): string => `${Math.round(share * 100)} %`

export const roomOf = ({ capacity }: Pick<Candidate, 'capacity'>, rules: Rules): Room<number | null> => ({
  cpuMilli: capacity.cpus === undefined ? null : Math.floor(capacity.cpus * rules.cpuOvercommit * 1000),
  memoryMb: capacity.memoryMb ?? null,
  pids: capacity.pids ?? null,
  sessions: capacity.sessions ?? null,
})

const RESOURCES = ['cpuMilli', 'memoryMb', 'pids', 'sessions'] as const
const NAMES = { cpuMilli: 'milli cpus', memoryMb: 'MiB of memory', pids: 'pids', sessions: 'sessions' } as const

/** What would be promised with this session, by resource that has a bound. */
const promised = (node: Candidate, { need }: Demand, rules: Rules) => {
  const room = roomOf(node, rules)
  const more = { ...need, sessions: 1 }
  return RESOURCES.flatMap((name) => {
    const bound = room[name]
    return bound === null ? [] : [{ name, sum: node.reserved[name] + more[name], more: more[name], bound }]
  })
}

/** What operators, callers and failures say against a node; time alone does not change it. */
const refusals = (node: Candidate, { region, nodeSelector }: Demand): string[] => {
  const lacking = Object.entries(nodeSelector).filter(([name, value]) => node.labels[name] !== value)
  return [
    ...(node.obstacle === null ? [] : [`does not answer: ${node.obstacle}`]),
    ...(node.draining ? ['draining'] : node.cordoned ? ['cordoned'] : []),
    ...(node.region === region ? [] : [`is in region ${node.region}`]),
    ...lacking.map(([name, value]) => `lacks the label ${name}=${value}`),
  ]
}

const machineFull = ({ memory, memoryFreeMb, disk, diskFreeMb, pids }: Pressure): string[] => [
  ...(memory >= FULL && memoryFreeMb < LITTLE.memoryMb ? [`memory is ${percent(memory)} in use`] : []),
  ...(disk >= FULL && diskFreeMb < LITTLE.diskMb ? [`the disk is ${percent(disk)} full`] : []),
  ...(pids >= FULL ? [`${percent(pids)} of the machine’s processes are there`] : []),
]

const pressures = ({ report }: Candidate, network: boolean): string[] => {
  if (report === null) return []
  const { pressure, bridgePorts } = report
  return [
    ...(pressure === null ? [] : machineFull(pressure)),
    ...(network && bridgePorts !== null && bridgePorts.used >= bridgePorts.limit ? ['its bridges are full'] : []),
  ]
}

/** Lacks of room; they pass when sessions end. */
const lacks = (node: Candidate, demand: Demand, rules: Rules): string[] => [
  ...promised(node, demand, rules)
    .filter(({ sum, bound }) => sum > bound)
    .map(({ name, sum, more, bound }) => `no room: ${sum - more} of ${bound} ${NAMES[name]} are taken, ${more} needed`),
  ...pressures(node, demand.network),
]

const tagged = (image: string): string => (/:[^/]+$/.test(image) ? image : `${image}:latest`)

/** False only when the node is known to lack it; images named by digest stand in no list. */
const mayHaveImage = ({ report }: Candidate, image: string): boolean =>
  report === null || report.images === null || image.includes('@') || report.images.includes(tagged(image))

/** 0 to 1; the fullest resource counts. */
const fullness = (node: Candidate, demand: Demand, rules: Rules): number => {
  const shares = promised(node, demand, rules).map(({ sum, bound }) => sum / bound)
  return shares.length > 0 ? Math.max(...shares) : node.reserved.sessions / (node.reserved.sessions + HALF_FULL)
}

const scoreOf = (node: Candidate, demand: Demand, rules: Rules): number => {
  const full = fullness(node, demand, rules)
  const zone = node.zone === null ? 0 : (demand.zones[node.zone] ?? 0)
  return (rules.strategy === 'pack' ? full : 1 - full) - ZONE_WEIGHT * zone + (node.warm ? WARM_WEIGHT : 0)
}

type Scored = { node: Candidate; score: number | null }

/** Best first; those that are left out come last. */
const byRank = (a: Scored, b: Scored): number =>
  Number(a.score === null) - Number(b.score === null) ||
  Number(a.node.shaky) - Number(b.node.shaky) ||
  a.node.tier - b.node.tier ||
  (b.score ?? 0) - (a.score ?? 0) ||
  a.node.reserved.sessions - b.node.reserved.sessions

export const decide = (nodes: readonly Candidate[], demand: Demand, rules: Rules): Decision => {
  const judged = nodes.map((node) => {
    const refused = refusals(node, demand)
    const lacking = lacks(node, demand, rules)
    return { node, waits: refused.length === 0, reasons: [...refused, ...lacking] }
  })
  // A node without the image is taken when no other has it either: the session then fails saying so.
  const someHave = judged.some(({ node, reasons }) => reasons.length === 0 && mayHaveImage(node, demand.image))
  const scored = judged.map(({ node, waits, reasons }) => {
    const withImage = !someHave || mayHaveImage(node, demand.image) ? reasons : [...reasons, 'lacks the image']
    const score = withImage.length > 0 ? null : Math.round(scoreOf(node, demand, rules) * 1000) / 1000
    return { node, waits, reasons: withImage, score }
  })
  scored.sort(byRank)
  const ranked = scored.filter(({ score }) => score !== null)
  return {
    node: ranked[0]?.node.id ?? null,
    nodes: scored.map(({ node: { id, tier, warm }, score, reasons }) => ({ id, score, tier, warm, reasons })),
    ranked: ranked.map(({ node }) => ({ node: node.id, room: roomOf(node, rules) })),
    waits: scored.some(({ waits }) => waits),
  }
}

/** Longest explanation on a record, characters. */
const MAX_TEXT = 500

/** The decision in one line; `taken` is the node that was reserved on, null for none. */
export const inWords = ({ nodes }: Placement, taken: string | null): string => {
  const others = nodes.filter(({ id }) => id !== taken)
  const lines = [...nodes.filter(({ id }) => id === taken), ...others].map(({ id, score, tier, warm, reasons }) => {
    if (score === null) return `not ${id}: ${reasons.join(', ')}`
    return `${id} scored ${score}${warm ? ' with a warm host' : ''}${tier > 0 ? ` in tier ${tier}` : ''}`
  })
  return lines.join('; ').slice(0, MAX_TEXT)
}
