/** Compares what the runtimes hold with what the index says: adopts, wakes, and removes what is proven to be nobody's. */
import { hasEnded } from '@holdfast/protocol'
import type { HostInfo, Runtime } from '@holdfast/runtime'
import type { SessionRecord } from '@holdfast/session-store'
import { adoptHost, identityOf } from './adoption.ts'
import { LINGER_SLACK_MS, UNKNOWN_HOST_AGE_MS } from './deadlines.ts'
import { type Domain, refOf } from './domain.ts'
import { createGovernor, type Governor } from './governor.ts'
import type { Watcher } from './watcher.ts'

export interface Reconciler {
  /** One whole pass that begins after the call; calls while one waits share it. */
  run(): Promise<void>
}

type Parts = Domain & { watcher: Watcher }

interface Pass {
  /** Hosts by node; a node whose list failed is missing, and nothing is concluded about it. */
  hosts: Map<string, Map<string, HostInfo>>
  complete: boolean
  records: Map<string, SessionRecord>
  adopted: Set<string>
}

const listHosts = async (domain: Domain): Promise<Pick<Pass, 'hosts' | 'complete'>> => {
  const hosts: Pass['hosts'] = new Map()
  for (const runtime of domain.nodes.runtimes()) {
    try {
      hosts.set(runtime.node, new Map((await runtime.list()).map((info) => [info.hostId, info])))
    } catch (error) {
      domain.logger.warn({ err: error, node: runtime.node }, 'node not listed: nothing is concluded about it')
    }
  }
  return { hosts, complete: hosts.size === domain.nodes.runtimes().length }
}

const readRecords = async (parts: Parts): Promise<Pass['records']> => {
  const records: Pass['records'] = new Map()
  const gauge = parts.metrics.holdfast_orchestrator_sessions
  const counts = new Map<string, { labels: { phase: string; runtime: string }; count: number }>()
  for await (const record of parts.store.scan()) {
    records.set(record.id, record)
    parts.live.put(record)
    parts.watcher.follow(record)
    const { phase, runtime } = record
    const entry = counts.get(`${phase} ${runtime}`) ?? { labels: { phase, runtime }, count: 0 }
    counts.set(`${phase} ${runtime}`, { ...entry, count: entry.count + 1 })
  }
  gauge.reset()
  for (const { labels, count } of counts.values()) gauge.set(labels, count)
  return records
}

/** Does this record need a look? The converge decides what it means. */
const needsLook = (parts: Parts, record: SessionRecord, pass: Pass): boolean => {
  const { phase, hostId, node } = record
  if (hasEnded(phase)) {
    const endedMs = Date.now() - Date.parse(record.endedAt ?? record.createdAt)
    const lingers = record.startedAt !== null && endedMs < parts.lingerMs + LINGER_SLACK_MS
    return record.forget || endedMs >= parts.retentionMs || (hostId !== null && !lingers)
  }
  if (phase !== 'running') return true
  const listed = node === null ? undefined : pass.hosts.get(node)
  if (listed !== undefined && (hostId === null || listed.get(hostId)?.state !== 'running')) return true
  const unsure = record.conditions.some(({ type, status }) => type === 'Reachable' && status !== 'True')
  const status = parts.live.get(record.id)?.status
  return unsure || (status !== undefined && status?.exit != null)
}

/** What becomes of one host: `keep` needs nothing. */
const judge = async (parts: Parts, runtime: Runtime, info: HostInfo, pass: Pass): Promise<string> => {
  const identity = identityOf(info)
  if (identity === null) return 'keep'
  const record = pass.records.get(identity.session)
  if (record?.hostId === info.hostId) return 'keep'
  if (record !== undefined && record.fence > identity.fence) return 'remove-stale'
  if (record !== undefined && record.fence === identity.fence) return hasEnded(record.phase) ? 'remove-ended' : 'keep'
  const result = await adoptHost(parts, { info, identity, runtime })
  if (result === 'adopted') {
    pass.adopted.add(identity.session)
    await parts.jobs.converge({ tenant: identity.tenant, id: identity.session })
    return 'adopt'
  }
  const old = Date.now() - Date.parse(info.createdAt) > UNKNOWN_HOST_AGE_MS
  return result === 'unclaimed' && old ? 'remove-unknown' : 'keep'
}

const settleHost = async (parts: Parts, runtime: Runtime, info: HostInfo, pass: Pass, governor: Governor) => {
  const action = await judge(parts, runtime, info, pass)
  if (action === 'keep') return
  let done = action
  if (action.startsWith('remove')) {
    // Nothing is reaped on half a view, nor faster than someone could notice a mistake.
    const count = [...pass.hosts.values()].reduce((sum, hosts) => sum + hosts.size, 0)
    if (!pass.complete || !governor.allow(count)) done = 'held-back'
    else await runtime.remove(info.hostId)
  }
  parts.metrics.holdfast_orchestrator_reconcile_total.inc({ action: done })
  parts.logger.info({ hostId: info.hostId, action: done }, 'reconciled a host')
}

/** Memory may name sessions that are nowhere any more; on a full view they go. */
const forgetGone = async (parts: Parts, before: readonly string[], pass: Pass): Promise<void> => {
  if (!pass.complete) return
  const listed = new Set([...pass.hosts.values()].flatMap((hosts) => [...hosts.keys()]))
  for (const id of before) {
    const known = parts.live.get(id)
    if (known === undefined || pass.records.has(id) || pass.adopted.has(id)) continue
    if (known.record.hostId !== null && listed.has(known.record.hostId)) continue
    if ((await parts.store.get(known.record.tenant, id)) !== null) continue
    parts.live.remove(id)
    parts.watcher.forget(id)
  }
}

const runPass = async (parts: Parts, governor: Governor): Promise<void> => {
  const end = parts.metrics.holdfast_orchestrator_reconcile_seconds.startTimer()
  await parts.store.open()
  const before = [...parts.live.all()].map(({ record }) => record.id)
  // Hosts first: a host that is made after the list has its record before it, so none looks unknown.
  const listed = await listHosts(parts)
  const pass: Pass = { ...listed, records: await readRecords(parts), adopted: new Set() }
  for (const runtime of parts.nodes.runtimes()) {
    for (const info of pass.hosts.get(runtime.node)?.values() ?? []) {
      await settleHost(parts, runtime, info, pass, governor).catch((error) => {
        parts.logger.warn({ err: error, hostId: info.hostId }, 'host not reconciled')
      })
    }
  }
  for (const record of pass.records.values()) {
    if (!needsLook(parts, record, pass)) continue
    parts.metrics.holdfast_orchestrator_reconcile_total.inc({ action: 'wake' })
    await parts.jobs.converge(refOf(record))
  }
  await forgetGone(parts, before, pass)
  end()
}

export const createReconciler = (parts: Parts): Reconciler => {
  const governor = createGovernor()
  let running: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | undefined
  return {
    run: () => {
      waiting ??= running
        .catch(() => {})
        .then(() => {
          waiting = undefined
          running = runPass(parts, governor)
          return running
        })
      return waiting
    },
  }
}
