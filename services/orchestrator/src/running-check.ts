/** Phase `running`: what the host says, and what its silence means. Silence alone never ends a session. */
import { HoldfastError, type HostStatus } from '@holdfast/protocol'
import type { Runtime } from '@holdfast/runtime'
import type { SessionRecord } from '@holdfast/session-store'
import { withCondition } from './conditions.ts'
import { type Domain, guardOf, type Outcome, targetOf } from './domain.ts'
import { deathNote, fail, lastScreen, recordExit } from './endings.ts'

/** A host out of reach is looked at again after this. */
const RECHECK_MS = 5_000

const setConditions = async (domain: Domain, record: SessionRecord, conditions: SessionRecord['conditions']) => {
  if (conditions === record.conditions) return
  await domain.store.transition(record.tenant, record.id, guardOf(record), { conditions })
}

const heard = async (domain: Domain, record: SessionRecord, status: HostStatus): Promise<Outcome> => {
  domain.live.heard(record.id, status)
  const target = targetOf(record)
  if (status.exit !== null && target !== null) {
    return recordExit(domain, record, status.exit, await lastScreen(domain, target))
  }
  const reachable = withCondition(record.conditions, 'Reachable', 'True', '')
  const killed = status.oomKills > 0
  await setConditions(
    domain,
    record,
    killed ? withCondition(reachable, 'OOMKilled', 'True', `${status.oomKills} killed for memory`) : reachable,
  )
  return null
}

/** The host is proven gone only when its own inspect and a complete list of its node agree. */
const isGone = async (runtime: Runtime, hostId: string): Promise<boolean> =>
  (await runtime.list()).every((host) => host.hostId !== hostId)

const silent = async (domain: Domain, record: SessionRecord, runtime: Runtime, hostId: string): Promise<Outcome> => {
  const info = await runtime.inspect(hostId)
  if (info === null && (await isGone(runtime, hostId))) {
    return fail(domain, record, 'lost', `host ${hostId} is no longer on ${runtime.node}`)
  }
  if (info?.state === 'exited') {
    const note = await deathNote(domain, record)
    if (note !== null) return recordExit(domain, record, note.exit, note.screen)
    const code = info.exitCode === null ? '' : `exit code ${info.exitCode}`
    return fail(domain, record, info.oomKilled ? 'out-of-memory' : 'host-died', code)
  }
  await setConditions(
    domain,
    record,
    withCondition(record.conditions, 'Reachable', 'False', 'the host runs but does not answer'),
  )
  return { againMs: RECHECK_MS }
}

export const checkRunning = async (domain: Domain, record: SessionRecord): Promise<Outcome> => {
  const runtime = domain.nodes.runtime(record.node)
  const target = targetOf(record)
  if (runtime === undefined || target === null) return null
  try {
    return await heard(domain, record, await domain.hosts.status(target))
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'HOST_UNREACHABLE') throw error
  }
  try {
    return await silent(domain, record, runtime, target.hostId)
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'RUNTIME_UNAVAILABLE') throw error
    await setConditions(domain, record, withCondition(record.conditions, 'Reachable', 'Unknown', error.message))
    return { againMs: RECHECK_MS }
  }
}
