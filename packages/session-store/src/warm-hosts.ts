/** Which warm hosts wait in which pool: an index that a list of the node rebuilds, so it knows no epoch and needs no guard. */
import { answered } from './availability.ts'
import { keysOf } from './keys.ts'
import type { RedisClient } from './redis-client.ts'
import { SCRIPTS } from './scripts.ts'

/** One pool on one node. */
export interface PoolPlace {
  pool: string
  node: string
}

/** What keeps a pool from being filled. */
export interface Setback {
  /** In a row. */
  failures: number
  /** Of the last one. */
  error: string
  /** Unix ms: not tried before; null: not tried again until someone resets the pool. */
  until: number | null
}

/** Any call may throw STORE_UNAVAILABLE. */
export interface WarmHosts {
  /** A host that nobody else gets, or null when none waits; counts as demand either way. */
  take(place: PoolPlace): Promise<string | null>
  /** False when it was taken in the last TAKEN_MS: whoever took it may be about to use it. */
  put(place: PoolPlace, hostId: string): Promise<boolean>
  /** True when it waited: from then on it cannot be taken. */
  drop(place: PoolPlace, hostId: string): Promise<boolean>
  ready(place: PoolPlace): Promise<string[]>
  /** Hosts asked for in each of the last DEMAND_MINUTES minutes, by `TIME` of Redis; the present minute is the last. */
  demand(place: PoolPlace): Promise<number[]>
  setback(place: PoolPlace): Promise<Setback | null>
  setSetback(place: PoolPlace, setback: Setback | null): Promise<void>
}

/** Longer than a start may take: by then a host that was taken has been assigned, or never will be. */
export const TAKEN_MS = 120_000
export const DEMAND_MINUTES = 60

const minutesOf = async (redis: RedisClient, key: string): Promise<number[]> => {
  const [counts, [seconds]] = await Promise.all([redis.hgetall(key), redis.time()])
  const now = Math.floor(Number(seconds) / 60)
  return Array.from({ length: DEMAND_MINUTES }, (_, at) => Number(counts[now - DEMAND_MINUTES + 1 + at] ?? 0))
}

export const warmHosts = ({ redis, cluster }: { redis: RedisClient; cluster: string }): WarmHosts => {
  const keys = keysOf(cluster)
  const of = ({ pool, node }: PoolPlace) => keys.pool(pool, node)
  return {
    async take(place) {
      const { ready, taken, demand } = of(place)
      const [, host] = await answered(SCRIPTS.takeWarm(redis, [ready, taken, demand], [TAKEN_MS, DEMAND_MINUTES]))
      return host === undefined ? null : String(host)
    },
    async put(place, hostId) {
      const { ready, taken } = of(place)
      const [word] = await answered(SCRIPTS.putWarm(redis, [ready, taken], [hostId, TAKEN_MS]))
      return word === 'OK'
    },
    drop: async (place, hostId) => (await answered(redis.srem(of(place).ready, hostId))) === 1,
    ready: (place) => answered(redis.smembers(of(place).ready)),
    demand: (place) => answered(minutesOf(redis, of(place).demand)),
    async setback(place) {
      const text = await answered(redis.get(of(place).setback))
      return text === null ? null : (JSON.parse(text) as Setback)
    },
    async setSetback(place, setback) {
      const { setback: key } = of(place)
      if (setback === null) await answered(redis.del(key))
      else await answered(redis.set(key, JSON.stringify(setback)))
    },
  }
}
