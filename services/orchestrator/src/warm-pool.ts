/** Keeps the pools of one node filled: what died goes, what is too much goes, what is missing is made, never at a user's cost. */
import { setTimeout as delay } from 'node:timers/promises'
import type { PoolConfig } from '@holdfast/protocol'
import { type HostInfo, LABEL, type Runtime } from '@holdfast/runtime'
import type { PoolPlace } from '@holdfast/session-store'
import { START_TIMEOUT_MS, UNKNOWN_HOST_AGE_MS } from './deadlines.ts'
import type { Domain } from './domain.ts'
import type { Target } from './host-client.ts'
import { hostLimits } from './host-spec.ts'
import { isWarm, newWarmSpec, type PoolSpec, poolOf } from './pool-host.ts'
import { wantedSize } from './pool-size.ts'

/** Made at one time on a node, and in one pass; between two passes whatever users ask for goes first. */
const BUDGET = { atOnce: 2, aPass: 4 }
/** After n failures in a row the next try waits 2ⁿ seconds, at most this; after so many there is none. */
const BACKOFF = { longestMs: 300_000, failures: 8 }
const POLL_MS = 20
/** How often a host that does not listen yet is checked for having died. */
const CHECK_MS = 1_000

interface Pool {
  spec: PoolSpec
  config: PoolConfig
}

/** The pools that templates ask for, by name. */
export const poolsOf = ({ templates }: Domain): Map<string, Pool> => {
  const pools = new Map<string, Pool>()
  for (const { name, image = '', network = true, limits = {}, pool: config } of templates.all) {
    if (config === undefined) continue
    const spec = { template: name, image, network, limits: hostLimits(limits) }
    pools.set(poolOf(spec), { spec, config })
  }
  return pools
}

const targetOf = ({ hostId, address }: HostInfo): Target => ({ hostId, address, session: '', fence: 0 })

const listens = ({ hosts }: Domain, host: HostInfo): Promise<boolean> => hosts.ready(targetOf(host))

/** Sealed and warm; one that cannot be warmed serves all the same. True when it waits now. */
const putIn = async (domain: Domain, runtime: Runtime, place: PoolPlace, host: HostInfo): Promise<boolean> => {
  await runtime.seal(host.hostId)
  await domain.hosts.warmUp(targetOf(host)).catch((error: unknown) => {
    domain.logger.info({ err: error, host: host.hostId }, 'a host of a pool was not warmed up')
  })
  return domain.warm.put(place, host.hostId)
}

const removeIfWaiting = async (domain: Domain, runtime: Runtime, place: PoolPlace, hostId: string): Promise<void> => {
  if (await domain.warm.drop(place, hostId)) await runtime.remove(hostId)
}

/** `coming`: made, and expected to wait in a moment, or as soon as there is room for it. */
type Standing = 'waiting' | 'coming' | 'none'

/** One that is in nobody's index: of an interrupted fill or claim, or of before the store was emptied. */
const enlist = async (domain: Domain, runtime: Runtime, place: PoolPlace, host: HostInfo): Promise<Standing> => {
  if (host.state === 'running' && (await listens(domain, host))) {
    return (await putIn(domain, runtime, place, host)) ? 'waiting' : 'none'
  }
  if (host.waits !== undefined) return 'coming'
  const isYoung = Date.now() - Date.parse(host.createdAt) <= UNKNOWN_HOST_AGE_MS
  if (!isYoung) await runtime.remove(host.hostId)
  return isYoung && host.state !== 'exited' ? 'coming' : 'none'
}

/** The hosts that wait and live, and those that are to, after what the index and the node say of each other. */
const survey = async (domain: Domain, runtime: Runtime, place: PoolPlace, hosts: HostInfo[]) => {
  const ready = new Set(await domain.warm.ready(place))
  const listed = new Map(hosts.map((host) => [host.hostId, host]))
  for (const hostId of ready) if (!listed.has(hostId)) await domain.warm.drop(place, hostId)
  const waiting: string[] = []
  const coming: HostInfo[] = []
  for (const host of hosts) {
    if (!ready.has(host.hostId)) {
      const standing = await enlist(domain, runtime, place, host)
      if (standing === 'waiting') waiting.push(host.hostId)
      if (standing === 'coming') coming.push(host)
    } else if (host.state === 'running' && (await listens(domain, host))) waiting.push(host.hostId)
    else await removeIfWaiting(domain, runtime, place, host.hostId)
  }
  return { waiting, coming }
}

const untilListening = async (domain: Domain, runtime: Runtime, host: HostInfo, signal: AbortSignal): Promise<void> => {
  let checkAt = Date.now() + CHECK_MS
  for (const until = Date.now() + START_TIMEOUT_MS; !(await listens(domain, host)); ) {
    if (Date.now() >= until) throw new Error(`the host did not listen within ${START_TIMEOUT_MS / 1000} s`)
    if (Date.now() >= checkAt) {
      checkAt = Date.now() + CHECK_MS
      const info = await runtime.inspect(host.hostId)
      if (info?.state === 'exited') throw new Error(`the host ended before it listened, exit code ${info.exitCode}`)
    }
    await delay(POLL_MS, undefined, { signal })
  }
}

/** One without room stays, and a later pass finds it: others in its place would have none either, and who adds machines sees what is lacking. */
const isHeld = async (runtime: Runtime, hostId: string): Promise<boolean> =>
  (await runtime.inspect(hostId).catch(() => null))?.waits !== undefined

const make = async (domain: Domain, runtime: Runtime, place: PoolPlace, spec: PoolSpec, signal: AbortSignal) => {
  const wanted = newWarmSpec(domain, place.pool, spec)
  try {
    const host = await runtime.create(wanted)
    await untilListening(domain, runtime, host, signal)
    await putIn(domain, runtime, place, host)
  } catch (error) {
    if (await isHeld(runtime, wanted.hostId)) return
    await runtime.remove(wanted.hostId).catch(() => {})
    throw error
  }
}

/** Counts the failure; the setback says when it is tried again, if ever. */
const setBack = async (domain: Domain, place: PoolPlace, template: string, error: unknown): Promise<void> => {
  const failures = ((await domain.warm.setback(place))?.failures ?? 0) + 1
  const until = failures >= BACKOFF.failures ? null : Date.now() + Math.min(1000 * 2 ** failures, BACKOFF.longestMs)
  await domain.warm.setSetback(place, { failures, error: String((error as Error).message).slice(0, 500), until })
  domain.metrics.holdfast_orchestrator_warm_failures_total.inc({ template })
  domain.logger.warn({ err: error, ...place, failures, stopped: until === null }, 'a warm host was not made')
}

/** True when it made all that its budget allows and more is missing. */
const refill = async (
  domain: Domain,
  runtime: Runtime,
  place: PoolPlace,
  { spec }: Pool,
  missing: number,
  signal: AbortSignal,
): Promise<boolean> => {
  const setback = await domain.warm.setback(place)
  if (setback !== null && (setback.until === null || setback.until > Date.now())) return false
  for (let left = Math.min(missing, BUDGET.aPass); left > 0 && !signal.aborted; left -= BUDGET.atOnce) {
    const batch = Array.from({ length: Math.min(left, BUDGET.atOnce) }, () =>
      make(domain, runtime, place, spec, signal),
    )
    const failed = (await Promise.allSettled(batch)).find((result) => result.status === 'rejected')
    if (signal.aborted) return false
    if (failed !== undefined) {
      await setBack(domain, place, spec.template, failed.reason)
      return false
    }
    await domain.warm.setSetback(place, null)
  }
  return missing > BUDGET.aPass
}

const settlePool = async (
  domain: Domain,
  runtime: Runtime,
  place: PoolPlace,
  hosts: HostInfo[],
  pool: Pool | undefined,
  signal: AbortSignal,
): Promise<boolean> => {
  const { waiting, coming } = await survey(domain, runtime, place, hosts)
  const wanted = pool === undefined ? 0 : wantedSize(pool.config, await domain.warm.demand(place), Date.now())
  for (const hostId of waiting.slice(wanted)) await removeIfWaiting(domain, runtime, place, hostId)
  for (const { hostId, waits } of coming.slice(Math.max(0, wanted - waiting.length))) {
    if (waits !== undefined) await runtime.remove(hostId)
  }
  const missing = wanted - waiting.length - coming.length
  if (pool !== undefined) {
    const labels = { template: pool.spec.template, node: place.node }
    domain.metrics.holdfast_orchestrator_warm_hosts.set(labels, Math.min(waiting.length, wanted))
  }
  return pool !== undefined && missing > 0 && refill(domain, runtime, place, pool, missing, signal)
}

/** One pass over a node; asks for the next one when there is more to do. Throws RUNTIME_UNAVAILABLE, STORE_UNAVAILABLE. */
export const fillPools = async (domain: Domain, node: string, signal: AbortSignal): Promise<void> => {
  const runtime = domain.nodes.runtime(node)
  if (runtime === undefined) return
  // A node that takes no sessions needs none that wait for them.
  const { cordoned, draining } = domain.nodes.flags(node)
  const pools = cordoned || draining !== null ? new Map<string, Pool>() : poolsOf(domain)
  const hosts = (await runtime.list()).filter(isWarm)
  const names = new Set([...pools.keys(), ...hosts.map(({ labels }) => labels[LABEL.pool] ?? '')])
  let more = false
  for (const pool of names) {
    const own = hosts.filter(({ labels }) => labels[LABEL.pool] === pool)
    if (await settlePool(domain, runtime, { pool, node }, own, pools.get(pool), signal)) more = true
  }
  if (more) await domain.jobs.fill(node)
}
