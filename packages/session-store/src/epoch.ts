/** The store's epoch: how an emptied Redis is told from one that never had anything, by the very next write. */
import { HoldfastError, newEpoch } from '@holdfast/protocol'
import { answered } from './availability.ts'
import { connected } from './connection.ts'
import type { Keys } from './keys.ts'
import type { RedisClient } from './redis-client.ts'
import type { Reply, Script } from './scripts.ts'

/** Tenants whose copy of the epoch `open` sets at one time. */
const BATCH = 500

export interface Epochs {
  /** Makes or reads the epoch; true when the store, or a tenant's part of it, was emptied since it was last opened. */
  open(): Promise<boolean>
  /** Runs a script whose first key and argument are the tenant's epoch; throws STALE when it is not the one opened. */
  write(tenant: string, script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<Reply>
  /** Throws STALE when the store as a whole has no longer the epoch that was opened. */
  check(): Promise<void>
}

const stale = (why: string): HoldfastError => new HoldfastError('STALE', why)

/** Sets the tenant's copy; true when it was missing or another one. */
const renew = async (redis: RedisClient, key: string, epoch: string): Promise<boolean> =>
  (await redis.set(key, epoch, 'GET')) !== epoch

/**
 * A script sees only its tenant's slot, so each tenant has a copy of the epoch. FLUSHALL takes all copies; the loss of
 * one shard takes its own. A copy that is missing is right only for a tenant that the store does not list yet.
 */
export const epochsOf = (redis: RedisClient, keys: Keys): Epochs => {
  let opened: string | undefined

  const current = (): string => {
    if (opened === undefined) throw stale('the store was not opened yet')
    return opened
  }

  const checkIs = async (epoch: string): Promise<void> => {
    const now = await redis.get(keys.storeEpoch)
    if (now !== epoch) throw stale(`the store was emptied: its epoch is ${now ?? 'missing'}, not ${epoch}`)
  }

  /** The order matters: a FLUSHALL at any point before the last check is seen by it, one after it by the script. */
  const enlist = async (tenant: string, epoch: string): Promise<void> => {
    await checkIs(epoch)
    await redis.sadd(keys.tenants, tenant)
    await redis.set(keys.epoch(tenant), epoch)
    await checkIs(epoch)
  }

  const write: Epochs['write'] = async (tenant, script, scriptKeys, args) => {
    const epoch = current()
    const attempt = () => script(redis, [keys.epoch(tenant), ...scriptKeys], [epoch, ...args])
    const first = await attempt()
    if (first[0] !== 'EPOCH') return first
    if ((await redis.sismember(keys.tenants, tenant)) === 0) await enlist(tenant, epoch)
    const second = await attempt() // also when another replica listed the tenant just now
    if (second[0] === 'EPOCH') throw stale(`the store's part of tenant "${tenant}" was emptied`)
    return second
  }

  const open = async (): Promise<boolean> => {
    await answered(connected(redis))
    const candidate = newEpoch()
    const found = await answered(redis.set(keys.storeEpoch, candidate, 'NX', 'GET'))
    const epoch = found ?? candidate
    let emptied = found === null || (opened !== undefined && opened !== epoch)
    const tenants = await answered(redis.smembers(keys.tenants))
    for (let at = 0; at < tenants.length; at += BATCH) {
      const batch = tenants.slice(at, at + BATCH).map((tenant) => renew(redis, keys.epoch(tenant), epoch))
      if ((await answered(Promise.all(batch))).includes(true)) emptied = true
    }
    opened = epoch
    return emptied
  }

  return {
    open,
    write: (...call) => answered(write(...call)),
    check: () => answered(checkIs(current())),
  }
}
