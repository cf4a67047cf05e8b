/** Compares what the runtimes hold with what the index says: adopts, wakes, and removes what is proven to be nobody's. */
import { hasEnded, type Reapable, type Reaped, type ReapList } from '@holdfast/protocol'
import type { Runtime } from '@holdfast/runtime'
import type { SessionRecord } from '@holdfast/session-store'
import { adopt, type Found, identityOf } from './adoption.ts'
import { eachBounded } from './bounded.ts'
import { LINGER_SLACK_MS } from './deadlines.ts'
import { refOf } from './domain.ts'
import { settleWorker } from './draining.ts'
import { createGovernor, type Governor } from './governor.ts'
import { isUnavailable } from './guarded-runtime.ts'
import { type Confirm, type Judged, type Reaping, reapable, reapFiles, reapHost } from './reaper.ts'
import { strays } from './strays.ts'
import { type Parts, type Pass, survey } from './survey.ts'
import { judge } from './verdict.ts'

export interface Reconciler {
  /** One whole pass that begins after the call; calls while one waits share it. */
  run(): Promise<void>
  /** What a pass would remove now; changes nothing. */
  preview(): Promise<ReapList>
  /** A pass that the bounds do not hold back from exactly those hosts, if they are still nobody's. */
  reap(confirm: Confirm): Promise<Reaped>
}

/** Each waits for its host and for Redis; one that is silent delays only its share of the others. */
const HOSTS_AT_ONCE = 32

/** Each script counts what it changes, so this finds something only after a fault of Redis or of ours. */
const correctUsage = async (parts: Parts, records: Pass['records']): Promise<void> => {
  const corrected = await parts.store.correctUsage(records)
  if (corrected === 0) return
  parts.metrics.holdfast_orchestrator_reconcile_total.inc({ action: 'correct-usage' }, corrected)
  parts.logger.warn({ corrected }, 'usage of quotas was miscounted and is corrected')
}

/** Does this record need a look? The converge decides what it means. */
const needsLook = (parts: Parts, record: SessionRecord, pass: Pass): boolean => {
  const { phase, suspend, hostId, node } = record
  if (hasEnded(phase)) {
    const endedMs = Date.now() - Date.parse(record.endedAt ?? record.createdAt)
    const lingers = record.startedAt !== null && endedMs < parts.lingerMs + LINGER_SLACK_MS
    return record.forget || endedMs >= parts.retentionMs || (hostId !== null && !lingers)
  }
  if (phase !== 'running' || suspend !== null) return true
  const listed = node === null ? undefined : pass.hosts.get(node)
  if (listed !== undefined && (hostId === null || listed.get(hostId)?.state !== 'running')) return true
  const unsure = record.conditions.some(({ type, status }) => type === 'Reachable' && status !== 'True')
  const status = parts.live.get(record.id)?.status
  return unsure || (status !== undefined && status?.exit != null)
}

function* foundHosts(runtime: Runtime, pass: Pass): Generator<Found> {
  for (const info of pass.hosts.get(runtime.node)?.values() ?? []) {
    const identity = identityOf(info)
    if (identity !== null) yield { info, identity, runtime }
  }
}

type Use = (judged: Judged) => Promise<void>

/** Every host of a node that belongs to a session, many at once. What cannot be judged now is left for the next pass, and so is all the rest of a node that does not answer any more. */
const judgeNode = async (parts: Parts, runtime: Runtime, pass: Pass, use: Use): Promise<void> => {
  const hosts = foundHosts(runtime, pass)
  await eachBounded(hosts, HOSTS_AT_ONCE, async (found) => {
    try {
      await use({ found, verdict: await judge(parts, found, pass.records.get(found.identity.session)) })
    } catch (error) {
      parts.logger.warn({ err: error, hostId: found.info.hostId }, 'host not reconciled')
      if (isUnavailable(error)) hosts.return(undefined)
    }
  })
}

const judgeAll = async (parts: Parts, pass: Pass, use: Use): Promise<void> => {
  await Promise.all(parts.nodes.runtimes().map((runtime) => judgeNode(parts, runtime, pass, use)))
}

const settleHost = async (parts: Parts, judged: Judged, reaping: Reaping): Promise<void> => {
  const { found, verdict } = judged
  if (verdict.action === 'adopt') {
    const { phase } = await adopt(parts, found, verdict.finding)
    reaping.pass.adopted.add(found.identity.session)
    // What goes on as before is followed by its watch from here on; only what has happened already needs a look.
    const goesOn = phase === 'running' && verdict.finding.live && verdict.finding.status?.oomKills === 0
    if (!goesOn) await parts.jobs.converge({ tenant: found.identity.tenant, id: found.identity.session })
    parts.metrics.holdfast_orchestrator_reconcile_total.inc({ action: 'adopt' })
  }
  for (const host of reapable(judged)) await reapHost(parts, found, host, reaping)
}

/** Memory may name sessions that are nowhere any more; on a full view they go. */
const forgetGone = async (parts: Parts, before: readonly string[], pass: Pass): Promise<void> => {
  if (pass.unlisted.length > 0) return
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

/** Where a machine is to be emptied, its sessions say so. */
const settleWorkers = async (parts: Parts, pass: Pass): Promise<void> => {
  await eachBounded(pass.records.values(), HOSTS_AT_ONCE, async (record) => {
    const info = pass.hosts.get(record.node ?? '')?.get(record.hostId ?? '')
    if (info === undefined) return
    await settleWorker(parts, record, info).catch((error) => {
      parts.logger.warn({ err: error, session: record.id }, 'not settled what its machine does')
    })
  })
}

const runPass = async (parts: Parts, governor: Governor, confirm: Confirm): Promise<Reaped> => {
  const end = parts.metrics.holdfast_orchestrator_reconcile_seconds.startTimer()
  const before = [...parts.live.all()].map(({ record }) => record.id)
  const pass = await survey(parts)
  await correctUsage(parts, pass.records)
  const report: Reaped = { removed: [], kept: [] }
  const reaping = { pass, governor, confirm, report }
  await judgeAll(parts, pass, (judged) => settleHost(parts, judged, reaping))
  for (const stray of strays(pass)) await reapFiles(parts, stray, reaping)
  const held = parts.metrics.holdfast_orchestrator_reap_held
  held.reset()
  for (const { why } of report.kept) held.inc({ why })
  for (const record of pass.records.values()) {
    if (!needsLook(parts, record, pass)) continue
    parts.metrics.holdfast_orchestrator_reconcile_total.inc({ action: 'wake' })
    await parts.jobs.converge(refOf(record))
  }
  await settleWorkers(parts, pass)
  await forgetGone(parts, before, pass)
  await parts.placer.sweep()
  end()
  return report
}

export const createReconciler = (parts: Parts): Reconciler => {
  const governor = createGovernor()
  let running: Promise<unknown> = Promise.resolve()
  let waiting: Promise<void> | undefined
  const next = (confirm: Confirm): Promise<Reaped> => {
    const pass = running.catch(() => {}).then(() => runPass(parts, governor, confirm))
    running = pass
    return pass
  }
  return {
    run: () => {
      waiting ??= running
        .catch(() => {})
        .then(async () => {
          waiting = undefined
          await next(new Set())
        })
      return waiting
    },
    preview: async () => {
      const pass = await survey(parts)
      const hosts: Reapable[] = []
      await judgeAll(parts, pass, async (judged) => void hosts.push(...reapable(judged)))
      return { unlisted: pass.unlisted, hosts: [...hosts, ...strays(pass)] }
    },
    reap: next,
  }
}
