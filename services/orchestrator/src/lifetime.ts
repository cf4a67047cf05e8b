/** Time limits of sessions: kept in the record, known to the host, which warns its viewers; carried out here when both say so. */
import { type HostStatus, hasEnded, type LimitEnd } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import { withCondition } from './conditions.ts'
import { type Domain, targetOf } from './domain.ts'
import type { LiveSession } from './live.ts'
import { requestStop } from './stopping.ts'
import { wantSuspended } from './suspending.ts'

/** A host that does not answer cannot confirm the end; until then this clock may be wrong by so much. */
const SKEW_MS = 60_000

/** Has the host the limits that the record has? */
const knowsLimits = ({ spec }: SessionRecord, { claim }: HostStatus): boolean =>
  claim?.expiresAt === spec.expiresAt && claim.idleSeconds === spec.idleSeconds

/** When the session's limits are over as far as is known now, the first one first. */
export const limitEnds = ({ phase, spec }: SessionRecord, activeAt: string | undefined): LimitEnd[] => {
  if (hasEnded(phase) || phase === 'stopping') return []
  const ends: LimitEnd[] = []
  if (spec.expiresAt !== null) ends.push({ at: spec.expiresAt, because: 'ttl', action: 'stop' })
  if (phase === 'running' && spec.idleSeconds !== null && activeAt !== undefined) {
    const at = new Date(Date.parse(activeAt) + spec.idleSeconds * 1000).toISOString()
    ends.push({ at, because: 'idle', action: spec.idleAction })
  }
  return ends.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

export const withExpiring = (
  conditions: SessionRecord['conditions'],
  expiring: HostStatus['expiring'],
): SessionRecord['conditions'] => {
  if (expiring !== null) return withCondition(conditions, 'Expiring', 'True', `${expiring.because} at ${expiring.at}`)
  const rest = conditions.filter(({ type }) => type !== 'Expiring')
  return rest.length === conditions.length ? conditions : rest
}

/** What was heard last may be old: only the host's word of now counts. Null when it does not answer. */
const askAgain = async (domain: Domain, record: SessionRecord): Promise<HostStatus | null> => {
  const target = targetOf(record)
  if (target === null) return null
  try {
    const status = await domain.hosts.status(target)
    domain.live.heard(record.id, status)
    return status
  } catch (error) {
    domain.logger.debug({ err: error, session: record.id }, 'the host does not say whether its time is over')
    return null
  }
}

/** Why the session's time is over; null when it is not, or not for sure. */
const verdict = async (domain: Domain, { record, status }: LiveSession): Promise<'ttl' | 'idle' | null> => {
  const { expiresAt } = record.spec
  const overMs = expiresAt === null ? Number.NEGATIVE_INFINITY : Date.now() - Date.parse(expiresAt)
  if (overMs < 0 && !status?.expiring?.due) return null
  if (record.phase !== 'running') return overMs >= 0 ? 'ttl' : null
  const now = await askAgain(domain, record)
  if (now === null) return overMs >= SKEW_MS ? 'ttl' : null
  if (!now.expiring?.due || !knowsLimits(record, now)) return null
  return now.expiring.because === 'idle' || overMs >= 0 ? now.expiring.because : null
}

const looksIdle = ({ record, status }: LiveSession, seconds: number, now: number): boolean =>
  record.phase === 'running' &&
  status !== null &&
  status.viewers === 0 &&
  Date.parse(status.activity.at) + seconds * 1000 <= now

/** Without viewer and activity for so long, as the host says now? */
export const isIdle = async (domain: Domain, session: LiveSession, seconds: number): Promise<boolean> => {
  if (!looksIdle(session, seconds, Date.now())) return false
  const status = await askAgain(domain, session.record)
  return status !== null && looksIdle({ record: session.record, status }, seconds, Date.now())
}

const expire = async (domain: Domain, session: LiveSession): Promise<void> => {
  const { record } = session
  if (record.phase === 'stopping' || record.endedAt !== null) return
  const code = await verdict(domain, session)
  if (code === null) return
  const { expiresAt, idleSeconds, idleAction } = record.spec
  if (code === 'idle' && idleAction === 'suspend') {
    if (record.suspend === null) await wantSuspended(domain, record, 'stop')
    return
  }
  const detail = code === 'ttl' ? `its time to live was over at ${expiresAt}` : `for ${idleSeconds} s`
  await requestStop(domain, record, { code, detail }, false)
}

/** Looks at every session this replica knows; one that cannot be judged now is judged the next time. */
export const checkLifetimes = async (domain: Domain): Promise<void> => {
  if (domain.nodes.maintenance() !== null) return
  for (const session of [...domain.live.all()]) {
    await expire(domain, session).catch((error) => {
      domain.logger.debug({ err: error, session: session.record.id }, 'lifetime not checked')
    })
  }
}
