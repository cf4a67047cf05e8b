/** Places hosts on nodes: decides, reserves the room atomically in Redis, and keeps the reservations true. */
import { HoldfastError, hasEnded, type Placement } from '@holdfast/protocol'
import type { Runtime } from '@holdfast/runtime'
import type { NodeStore, Reservation, Room, SessionRecord } from '@holdfast/session-store'
import { type Asking, demandOf, holderOf, needOf } from './demand.ts'
import { isUnavailable } from './guarded-runtime.ts'
import { inTime } from './in-time.ts'
import type { Live } from './live.ts'
import type { Node } from './node.ts'
import type { Nodes } from './nodes.ts'
import { type Candidate, type Decision, decide, inWords, type Rules } from './placement.ts'

export interface Placer {
  /** The runtime of a node that could take it, now or when there is room. Throws RUNTIME_UNAVAILABLE with the reasons. */
  check(asking: Asking): Promise<Runtime['kind']>
  /** Reserves room for the holder on a node that answers. Throws RUNTIME_UNAVAILABLE with the reasons, or STORE_UNAVAILABLE. */
  place(holder: string, asking: Asking): Promise<{ runtime: Runtime; placement: string }>
  /** Reserves room on this node, whether there is any or not. Throws STORE_UNAVAILABLE. */
  hold(holder: string, node: string, asking: Asking): Promise<void>
  release(holder: string): Promise<void>
  explain(asking: Asking): Promise<Placement>
  /** Sums of the reservations of a node, as last read. */
  reserved(node: string): Room
  /** Reads what other replicas reserved. */
  refresh(): Promise<void>
  /** Every session that this replica knows holds its room, whatever Redis lost. */
  holdKnown(): Promise<void>
  /** Once every record is known: the same, and room that is held for nobody is given back. */
  sweep(): Promise<void>
}

export interface PlacerOptions {
  nodes: Nodes
  live: Live
  store: NodeStore
  /** Nodes on which a warm host for it waits. Throws STORE_UNAVAILABLE. */
  warmNodes(asking: Asking): Promise<ReadonlySet<string>>
  rules: Rules
  region: string
}

/** Of the nodes, for one session: why those that were asked did not answer, and where a warm host waits. */
interface Seen {
  failures: ReadonlyMap<string, string>
  warm: ReadonlySet<string>
}

const NOWHERE: ReadonlySet<string> = new Set()
const NOTHING: Room = { cpuMilli: 0, memoryMb: 0, pids: 0, sessions: 0 }
/** Reservations are made before the record says where its host is: a younger one may be on its way. */
const SWEEP_AGE_MS = 120_000
/** Reservations written at one time. */
const BATCH = 200
/** Decisions for one placement; each but the last found the nodes changed meanwhile. */
const TRIES = 5

/** Where another node could be taken. An engine answers a ping in some milliseconds. */
const PATIENCE_MS = 500

const unavailable = (decision: Placement, cause?: unknown): HoldfastError => {
  const why = decision.nodes.length === 0 ? 'there is no node' : inWords(decision, null)
  return new HoldfastError('RUNTIME_UNAVAILABLE', `no node takes this session now: ${why}`, { cause })
}

const holdsRoom = ({ record }: { record: SessionRecord }): boolean =>
  record.hostId !== null && record.node !== null && !hasEnded(record.phase)

export const createPlacer = ({ nodes, live, store, warmNodes, rules, region }: PlacerOptions): Placer => {
  let sums: ReadonlyMap<string, Room> = new Map()
  const reserved = (node: string): Room => sums.get(node) ?? NOTHING
  const refresh = async (): Promise<void> => {
    sums = await store.reserved()
  }
  const candidateOf = (node: Node, { failures, warm }: Seen): Candidate => {
    const { id, labels = {}, zone = null, tier = 0, capacity = {} } = node.spec
    const { cordoned, draining } = nodes.flags(id)
    return {
      id,
      labels,
      region: node.spec.region ?? region,
      zone,
      tier,
      capacity,
      cordoned,
      draining: draining !== null,
      obstacle: failures.get(id) ?? node.obstacle(),
      shaky: node.isShaky(),
      warm: warm.has(id),
      reserved: reserved(id),
      report: node.report(),
    }
  }
  const decideNow = (asking: Asking, seen: Seen): Decision =>
    decide(
      nodes.all().map((node) => candidateOf(node, seen)),
      demandOf(asking, { nodes, live }),
      rules,
    )
  /** False, with the reason among the failures, when it does not answer; where there are others it must be quick. */
  const answers = async (id: string, { ranked }: Decision, failures: Map<string, string>): Promise<boolean> => {
    const probe = nodes.get(id).probe()
    try {
      await (ranked.length === 1 ? probe : inTime(probe, PATIENCE_MS, `no answer within ${PATIENCE_MS} ms`))
      return true
    } catch (error) {
      if (!isUnavailable(error)) throw error
      failures.set(id, error.message)
      return false
    }
  }

  /** The node it was reserved on; null when the nodes changed meanwhile. */
  const reserve = async (holder: string, asking: Asking, decision: Decision): Promise<string | null> => {
    if (decision.ranked.length === 0) throw unavailable(decision)
    const answer = await store.reserve(nodes.rev(), holder, needOf(asking), decision.ranked)
    // An earlier try reserved on a node that is out of the question now.
    if (typeof answer === 'object' && !decision.ranked.some(({ node }) => node === answer.node)) {
      await store.release([holder])
      return null
    }
    if (answer === 'outdated') await nodes.sync()
    if (typeof answer === 'string') await refresh()
    return typeof answer === 'string' ? null : answer.node
  }

  const place: Placer['place'] = async (holder, asking) => {
    const failures = new Map<string, string>()
    const [warm] = await Promise.all([warmNodes(asking), refresh()])
    for (let tries = 1; tries <= TRIES; tries++) {
      const decision = decideNow(asking, { failures, warm })
      const id = await reserve(holder, asking, decision)
      if (id === null) continue
      if (await answers(id, decision, failures)) {
        return { runtime: nodes.get(id).runtime, placement: inWords(decision, id) }
      }
      await store.release([holder])
    }
    throw unavailable(decideNow(asking, { failures, warm }))
  }

  /** Returns what was held before. */
  const holdKnown = async (): Promise<ReadonlyMap<string, Reservation>> => {
    const held = await store.reservations()
    const missing = [...live.all()].filter(holdsRoom).filter(({ record }) => !held.has(holderOf(record)))
    for (let at = 0; at < missing.length; at += BATCH) {
      const batch = missing.slice(at, at + BATCH)
      await Promise.all(batch.map(({ record }) => store.hold(holderOf(record), record.node ?? '', needOf(record))))
    }
    return held
  }

  return {
    check: async (asking) => {
      const failures = new Map<string, string>()
      for (;;) {
        // Whether it can be taken at all does not depend on what is warm.
        const decision = decideNow(asking, { failures, warm: NOWHERE })
        const id = decision.node
        if (id === null && !decision.waits) throw unavailable(decision)
        if (id === null) return nodes.all()[0]?.runtime.kind ?? 'process'
        if (await answers(id, decision, failures)) return nodes.get(id).runtime.kind
      }
    },
    place,
    hold: (holder, node, asking) => store.hold(holder, node, needOf(asking)),
    release: (holder) => store.release([holder]),
    explain: async (asking) => {
      const [warm] = await Promise.all([warmNodes(asking), refresh()])
      const { node, nodes: lines } = decideNow(asking, { failures: new Map(), warm })
      return { node, nodes: lines }
    },
    reserved,
    refresh,
    holdKnown: async () => {
      await holdKnown()
    },
    sweep: async () => {
      const known = new Set([...live.all()].filter(holdsRoom).map(({ record }) => holderOf(record)))
      const old = Date.now() - SWEEP_AGE_MS
      const nobodys = [...(await holdKnown())].filter(([holder, { at }]) => at < old && !known.has(holder))
      await store.release(nobodys.map(([holder]) => holder))
    },
  }
}
