/** What is counted for quotas: read, and checked against the records. */
import { hasEnded } from '@holdfast/protocol'
import { answered } from './availability.ts'
import { type Amounts, amountsOfSums, countsOf } from './quota.ts'
import { SCRIPTS } from './scripts.ts'
import type { SessionRecord } from './store.ts'
import type { Writer } from './writes.ts'

/** Fields of a usage hash that are read in one round trip. */
const CHUNK = 1000

const SUMS = ['@sessions', '@millicpus', '@memoryMb'] as const

/** What each session counts, by its id, and the sums under their names. */
const readCounted = async (redis: Writer['redis'], key: string): Promise<Map<string, string>> => {
  const counted = new Map<string, string>()
  let cursor = '0'
  do {
    const [next, fields] = await answered(redis.hscan(key, cursor, 'COUNT', CHUNK))
    for (let at = 0; at < fields.length; at += 2) counted.set(fields[at] ?? '', fields[at + 1] ?? '')
    cursor = next
  } while (cursor !== '0')
  return counted
}

/** Ids whose entry is not what their record asks for, as far as the two readings of different times can tell. */
const suspects = (counted: ReadonlyMap<string, string>, live: ReadonlyMap<string, SessionRecord>): string[] => {
  const ids = new Set([...counted.keys(), ...live.keys()])
  for (const sum of SUMS) ids.delete(sum)
  return [...ids].filter((id) => {
    const record = live.get(id)
    return counted.get(id) !== (record && countsOf(record))
  })
}

const sumsAreRight = (counted: ReadonlyMap<string, string>): boolean => {
  const sums = [0, 0, 0]
  for (const [id, counts] of counted) {
    if (id.startsWith('@')) continue
    for (const [at, number] of counts.split(' ').entries()) sums[at] = (sums[at] ?? 0) + Number(number)
  }
  return SUMS.every((name, at) => Number(counted.get(name) ?? 0) === sums[at])
}

/** Each correction is a script of its own that looks again, so what was only read too early stays as it is. */
const correctTenant = async (
  { redis, keys, epochs }: Writer,
  tenant: string,
  live: ReadonlyMap<string, SessionRecord>,
): Promise<number> => {
  const counted = await readCounted(redis, keys.usage(tenant))
  let corrected = 0
  for (const id of suspects(counted, live)) {
    const scriptKeys = [keys.record(tenant, id), keys.usage(tenant)]
    const [, changed] = await epochs.write(tenant, SCRIPTS.settleUsage, scriptKeys, [id])
    if (changed === '1') corrected += 1
  }
  if (sumsAreRight(counted)) return corrected
  const [, changed] = await epochs.write(tenant, SCRIPTS.sumUsage, [keys.usage(tenant)], [])
  return changed === '1' ? corrected + 1 : corrected
}

export const usageOf = (parts: Writer) => ({
  async usage(tenant: string): Promise<Amounts> {
    return amountsOfSums(await answered(parts.redis.hmget(parts.keys.usage(tenant), ...SUMS)))
  },
  async correctUsage(records: ReadonlyMap<string, SessionRecord>): Promise<number> {
    const live = Map.groupBy(
      [...records.values()].filter(({ phase }) => !hasEnded(phase)),
      ({ tenant }) => tenant,
    )
    let corrected = 0
    for (const tenant of await answered(parts.redis.smembers(parts.keys.tenants))) {
      const byId = new Map((live.get(tenant) ?? []).map((record) => [record.id, record]))
      corrected += await correctTenant(parts, tenant, byId)
    }
    return corrected
  },
})
