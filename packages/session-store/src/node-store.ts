/** What Redis keeps of the nodes: the operators' word as one document, what happened to them, and the room that placements have reserved. */
import type { NodeEvent } from '@holdfast/protocol'
import { answered } from './availability.ts'
import { changesAfter, latestChange, START } from './events.ts'
import { keysOf } from './keys.ts'
import type { RedisClient } from './redis-client.ts'
import { SCRIPTS } from './scripts.ts'
import type { Stored } from './store.ts'

/** What one session may use: thousandths of a core, MiB, processes. */
export interface Need {
  cpuMilli: number
  memoryMb: number
  pids: number
}
/** Sums, or bounds where null means none. */
export interface Room<Amount = number> {
  cpuMilli: Amount
  memoryMb: Amount
  pids: Amount
  sessions: Amount
}
/** `begun` stands first in a stream, so that there is an id to go on from before anything has happened. */
export type NodeNews = NodeEvent | { type: 'begun' }

export interface Reservation {
  node: string
  need: Need
  /** Unix ms. */
  at: number
}

/** Any call may throw STORE_UNAVAILABLE, within a second. Every write is one Lua script. */
export interface NodeStore {
  /** `rev` is 0 and the document null when nothing is stored. */
  load(): Promise<{ rev: number; document: string | null }>
  /** With what is new in the document. False when `read` is no longer the stored rev: nothing was written then. */
  save(read: number, rev: number, document: string, news: readonly NodeEvent[]): Promise<boolean>
  /** Tells the event unless `word` was the last told of this matter, by whichever replica; `before` holds while none was. */
  tellOnce(matter: string, word: string, before: string, event: NodeEvent): Promise<void>
  /** The id of the latest. */
  latestNews(): Promise<string>
  /** As `changesAfter` of the session store. */
  newsAfter(id: string, limit: number): Promise<Stored<NodeNews>[] | null>
  /**
   * Room on the first node in order that has it: the node's id. A holder that has a reservation keeps that. `full` when
   * none has room, `outdated` when the operators' word is no longer of this rev; nothing is reserved then.
   */
  reserve(
    rev: number,
    holder: string,
    need: Need,
    candidates: readonly { node: string; room: Room<number | null> }[],
  ): Promise<{ node: string } | 'full' | 'outdated'>
  /** A reservation for a session that is there, whether there is room or not. */
  hold(holder: string, node: string, need: Need): Promise<void>
  release(holders: readonly string[]): Promise<void>
  /** By holder. */
  reservations(): Promise<Map<string, Reservation>>
  /** Sums of the reservations by node; a node without any may be missing. */
  reserved(): Promise<Map<string, Room>>
}

const NO_BOUND = -1
const ANY_REV = '*'
const RESOURCES = { cpu: 'cpuMilli', memory: 'memoryMb', pids: 'pids', sessions: 'sessions' } as const

const needArgs = ({ cpuMilli, memoryMb, pids }: Need) => [cpuMilli, memoryMb, pids]

const reservationOf = (text: string): Reservation => {
  const [node = '', cpuMilli, memoryMb, pids, at] = text.split(' ')
  return { node, need: { cpuMilli: Number(cpuMilli), memoryMb: Number(memoryMb), pids: Number(pids) }, at: Number(at) }
}

const sumsOf = (fields: Readonly<Record<string, string>>): Map<string, Room> => {
  const sums = new Map<string, Room>()
  for (const [field, amount] of Object.entries(fields)) {
    const [node = '', resource = ''] = field.split(' ')
    const sum = sums.get(node) ?? { cpuMilli: 0, memoryMb: 0, pids: 0, sessions: 0 }
    sums.set(node, { ...sum, [RESOURCES[resource as keyof typeof RESOURCES]]: Number(amount) })
  }
  return sums
}

/** `cluster` separates installations on one Redis. The connection stays the caller's. */
export const nodeStore = ({ redis, cluster }: { redis: RedisClient; cluster: string }): NodeStore => {
  const { nodes, reservations, reserved, nodeNews, nodeTold, events } = keysOf(cluster)
  const reserve = (args: (string | number)[]) => answered(SCRIPTS.reserve(redis, [nodes, reservations, reserved], args))
  return {
    load: async () => {
      const [rev = null, document = null] = await answered(redis.hmget(nodes, 'rev', 'document'))
      return { rev: Number(rev ?? 0), document }
    },
    save: async (read, rev, document, news) => {
      const texts = news.map((event) => JSON.stringify(event))
      const args = [read, rev, document, events, ...texts]
      const [word] = await answered(SCRIPTS.saveNodes(redis, [nodes, nodeNews], args))
      return word === 'OK'
    },
    tellOnce: async (matter, word, before, event) => {
      const args = [matter, word, before, events, JSON.stringify(event)]
      await answered(SCRIPTS.tellOnce(redis, [nodeTold, nodeNews], args))
    },
    latestNews: async () => {
      const last = await latestChange(redis, nodeNews)
      if (last !== START) return last
      return (await answered(redis.xadd(nodeNews, '*', 'event', JSON.stringify({ type: 'begun' })))) ?? START
    },
    newsAfter: (id, limit) => changesAfter(redis, nodeNews, id, limit),
    reserve: async (rev, holder, need, candidates) => {
      const rooms = candidates.flatMap(({ node, room }) => [
        node,
        ...[room.cpuMilli, room.memoryMb, room.pids, room.sessions].map((amount) => amount ?? NO_BOUND),
      ])
      const [word, node] = await reserve([rev, holder, Date.now(), ...needArgs(need), ...rooms])
      return word === 'OK' ? { node: String(node) } : word === 'FULL' ? 'full' : 'outdated'
    },
    hold: async (holder, node, need) => {
      const unbounded = [node, NO_BOUND, NO_BOUND, NO_BOUND, NO_BOUND]
      await reserve([ANY_REV, holder, Date.now(), ...needArgs(need), ...unbounded])
    },
    release: async (holders) => {
      if (holders.length > 0) await answered(SCRIPTS.release(redis, [reservations, reserved], holders))
    },
    reservations: async () => {
      const found = Object.entries(await answered(redis.hgetall(reservations)))
      return new Map(found.map(([holder, text]) => [holder, reservationOf(text)]))
    },
    reserved: async () => sumsOf(await answered(redis.hgetall(reserved))),
  }
}
