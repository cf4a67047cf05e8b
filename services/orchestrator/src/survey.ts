/** What one reconciliation sees: every host that the nodes list, and every record of the index. */
import type { HostInfo, Runtime, UnusedWorkspace } from '@holdfast/runtime'
import type { SessionRecord } from '@holdfast/session-store'
import type { Domain } from './domain.ts'
import { inTime } from './in-time.ts'
import { isOverdue } from './waiting.ts'
import type { Watcher } from './watcher.ts'

/** For one node's lists: the engine's deadline of a query, and that of a second one for hosts that ended. */
const LIST_MS = 10_000

export type Parts = Domain & { watcher: Watcher }

export interface Pass {
  /** Hosts by node; a node whose list failed is missing, and nothing is concluded about it. */
  hosts: Map<string, Map<string, HostInfo>>
  unlisted: string[]
  unused: (UnusedWorkspace & { node: string })[]
  records: Map<string, SessionRecord>
  adopted: Set<string>
}

/** Throws RUNTIME_UNAVAILABLE at the latest after LIST_MS. */
const listNode = (runtime: Runtime): Promise<[HostInfo[], UnusedWorkspace[]]> => {
  const lists = Promise.all([runtime.list(), runtime.unusedWorkspaces?.() ?? []])
  return inTime(lists, LIST_MS, `no list within ${LIST_MS / 1000} s`)
}

const listHosts = async (domain: Domain): Promise<Pick<Pass, 'hosts' | 'unlisted' | 'unused'>> => {
  const hosts: Pass['hosts'] = new Map()
  const unused: Pass['unused'] = []
  const runtimes = domain.nodes.runtimes()
  const listing = runtimes.map(async (runtime) => {
    try {
      const [infos, workspaces] = await listNode(runtime)
      hosts.set(runtime.node, new Map(infos.map((info) => [info.hostId, info])))
      unused.push(...workspaces.map((workspace) => ({ ...workspace, node: runtime.node })))
    } catch (error) {
      domain.logger.warn({ err: error, node: runtime.node }, 'node not listed: nothing is concluded about it')
    }
  })
  await Promise.all(listing)
  const unlisted = runtimes.flatMap(({ node }) => (hosts.has(node) ? [] : [node]))
  return { hosts, unlisted, unused }
}

/** Sets the gauges of the index: by phase and runtime, and of those that are overdue by phase. */
const measure = ({ metrics }: Parts, records: Iterable<SessionRecord>): void => {
  const { holdfast_orchestrator_sessions: all, holdfast_orchestrator_overdue_sessions: overdue } = metrics
  all.reset()
  overdue.reset()
  const now = Date.now()
  for (const record of records) {
    const { phase, runtime } = record
    all.inc({ phase, runtime })
    if (isOverdue(record, now)) overdue.inc({ phase })
  }
}

const isAhead = (live: Domain['live'], { id, fence, rev }: SessionRecord): boolean => {
  const known = live.get(id)?.record
  return known !== undefined && (known.fence > fence || (known.fence === fence && known.rev > rev))
}

/** Memory knows more than was read: the record was written meanwhile, or the store went back in time (an old copy, a lost write). */
const goBack = async ({ store, live }: Parts, { tenant, id }: SessionRecord): Promise<void> => {
  const now = await store.get(tenant, id)
  if (now === null || !isAhead(live, now)) return
  live.remove(id)
  live.put(now)
}

const readRecords = async (parts: Parts): Promise<Pass['records']> => {
  const records: Pass['records'] = new Map()
  for await (const record of parts.store.scan()) {
    records.set(record.id, record)
    if (isAhead(parts.live, record)) await goBack(parts, record)
    else parts.live.put(record)
    parts.watcher.follow(record)
  }
  measure(parts, records.values())
  return records
}

export const survey = async (parts: Parts): Promise<Pass> => {
  // Hosts first: a host that is made after the list has its record before it, so none looks unknown.
  const listed = await listHosts(parts)
  return { ...listed, records: await readRecords(parts), adopted: new Set() }
}
