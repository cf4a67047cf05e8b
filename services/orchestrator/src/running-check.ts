/** Phase `running`: what the host says, and what its silence means. Silence alone never ends a session. */
import { HoldfastError, type HostExit, type HostStatus, sameAgent } from '@holdfast/protocol'
import type { HostInfo, Runtime } from '@holdfast/runtime'
import type { SessionRecord } from '@holdfast/session-store'
import { adoptNewer } from './adoption.ts'
import { withCondition } from './conditions.ts'
import { seen, seenExit, seenHost } from './deaths.ts'
import { asReadOf, type Domain, type Outcome, targetOf } from './domain.ts'
import { deathNote, fail, lastScreen, recordExit } from './endings.ts'
import type { Target } from './host-client.ts'
import { changeableOf, isUpToDate } from './host-update.ts'
import { withExpiring } from './lifetime.ts'
import { loseNode, mayMove, withNodeLost, withoutNodeLost } from './node-loss.ts'
import { carryOut, noteFrozen } from './suspending.ts'

/** A host out of reach is looked at again after this. */
const RECHECK_MS = 5_000
/** One whose runtime takes it away leaves its last traces within seconds. */
const GOING_MS = 500
/** In the condition Reachable, for the look that comes when nothing is left. */
const GOING = 'it is being taken away: '

const setConditions = async (
  domain: Domain,
  record: SessionRecord,
  conditions: SessionRecord['conditions'],
): Promise<SessionRecord> => {
  if (conditions === record.conditions) return record
  return domain.store.transition(record.tenant, record.id, asReadOf(record), { conditions })
}

/** Gone is proven only when its own inspect and a complete list of its node agree. Null: it is not. */
const proofOfLoss = async (runtime: Runtime, hostId: string): Promise<string[] | null> => {
  const inspected = seen(`node ${runtime.node} inspected ${hostId}: there is none`)
  const all = await runtime.list()
  if (all.some((host) => host.hostId === hostId)) return null
  return [inspected, seen(`node ${runtime.node} listed all its ${all.length} hosts: it is not among them`)]
}

const noLonger = (hostId: string, { node }: Runtime): string => `host ${hostId} is no longer on ${node}`

/** A signal may have come with the end of the host, which was taken away: then the command's own end is not the cause. */
const exitHeard = async (domain: Domain, record: SessionRecord, target: Target, exit: HostExit): Promise<Outcome> => {
  const { hostId } = target
  const screen = await lastScreen(domain, target)
  const evidence = [seenExit(`host ${hostId} on ${record.node} said`, exit)]
  const runtime = exit.signal === null ? undefined : domain.nodes.runtime(record.node)
  const info = await runtime?.inspect(hostId).catch(() => undefined)
  if (info?.reason !== undefined) {
    return fail(domain, record, 'host-died', info.reason, [...evidence, seenHost(record.node, info)], { exit, screen })
  }
  const isMissing = runtime !== undefined && info === null && !exit.suspended
  const proof = isMissing ? await proofOfLoss(runtime, hostId).catch(() => null) : null
  if (isMissing && proof !== null) {
    return fail(domain, record, 'lost', noLonger(hostId, runtime), [...evidence, ...proof], { exit, screen })
  }
  return recordExit(domain, record, exit, screen, evidence)
}

const heard = async (domain: Domain, record: SessionRecord, target: Target, said: HostStatus): Promise<Outcome> => {
  domain.live.heard(record.id, said)
  if (said.exit !== null) return exitHeard(domain, record, target, said.exit)
  if (record.suspend !== null) return carryOut(domain, record, target)
  const status = isUpToDate(record, said) ? said : await domain.hosts.update(target, changeableOf(record.spec))
  const reachable = withExpiring(
    withCondition(withoutNodeLost(record.conditions), 'Reachable', 'True', ''),
    status.expiring,
  )
  const killed = status.oomKills > 0
  const conditions = killed
    ? withCondition(reachable, 'OOMKilled', 'True', `${status.oomKills} killed for memory`)
    : reachable
  const agent = sameAgent(record.agent, status.agent) ? record.agent : status.agent
  if (conditions === record.conditions && agent === record.agent && record.waiting === null) return null
  await domain.store.transition(record.tenant, record.id, asReadOf(record), { conditions, agent, waiting: null })
  return null
}

/** Its process is gone: its runtime tells why, its note how the command ended, or nothing does. */
const hostExited = async (domain: Domain, record: SessionRecord, info: HostInfo): Promise<Outcome> => {
  const note = await deathNote(domain, record)
  const told = note === null ? seen('no death note in its output') : seenExit('its death note says', note.exit)
  const evidence = [seenHost(record.node, info), told]
  if (note !== null && (info.reason === undefined || note.exit.suspended)) {
    return recordExit(domain, record, note.exit, note.screen, evidence)
  }
  const detail = info.reason ?? (info.exitCode === null ? '' : `exit code ${info.exitCode}`)
  return fail(domain, record, info.oomKilled ? 'out-of-memory' : 'host-died', detail, evidence, note ?? undefined)
}

/** The host does not answer. */
export const silent = async (
  domain: Domain,
  record: SessionRecord,
  runtime: Runtime,
  hostId: string,
): Promise<Outcome> => {
  const info = await runtime.inspect(hostId)
  const proof = info === null ? await proofOfLoss(runtime, hostId) : null
  if (proof !== null) {
    if (await adoptNewer(domain, record)) return { againMs: 0 }
    const going = record.conditions.find(({ reason }) => reason.startsWith(GOING))?.reason.slice(GOING.length)
    if (going !== undefined) return fail(domain, record, 'host-died', going, proof)
    return fail(domain, record, 'lost', noLonger(hostId, runtime), proof)
  }
  if (info?.state === 'frozen') return noteFrozen(domain, record)
  if (info?.state === 'exited') return hostExited(domain, record, info)
  const silence =
    info?.unseen === undefined ? 'the host runs but does not answer' : `its worker ${info.unseen} is out of reach`
  const why = info?.reason === undefined ? silence : GOING + info.reason
  await setConditions(domain, record, withCondition(withoutNodeLost(record.conditions), 'Reachable', 'False', why))
  return {
    againMs: info?.reason === undefined ? RECHECK_MS : GOING_MS,
    waitsFor: `the session host to answer (${hostId} runs on ${runtime.node})`,
  }
}

export const checkRunning = async (domain: Domain, record: SessionRecord): Promise<Outcome> => {
  const runtime = domain.nodes.runtime(record.node)
  const target = targetOf(record)
  if (runtime === undefined || target === null) return null
  try {
    return await heard(domain, record, target, await domain.hosts.status(target))
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'HOST_UNREACHABLE') throw error
  }
  try {
    return await silent(domain, record, runtime, target.hostId)
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'RUNTIME_UNAVAILABLE') throw error
    const unreachable = withCondition(record.conditions, 'Reachable', 'Unknown', error.message)
    const noted = await setConditions(domain, record, withNodeLost(domain, record, unreachable))
    if (await mayMove(domain, noted)) return loseNode(domain, noted)
    return { againMs: RECHECK_MS, waitsFor: `host and node ${record.node} to answer: ${error.message}` }
  }
}
