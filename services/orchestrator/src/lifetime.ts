/** Ends sessions whose time is over: the time to live counts from creation, idleness from the last input, output or viewer. */
import type { SessionRecord } from '@holdfast/session-store'
import { type Domain, targetOf } from './domain.ts'
import type { LiveSession } from './live.ts'
import { requestStop } from './stopping.ts'

const outlived = ({ createdAt, spec }: SessionRecord, now: number): boolean =>
  spec.ttlSeconds !== null && Date.parse(createdAt) + spec.ttlSeconds * 1000 <= now

const looksIdle = ({ record, status }: LiveSession, now: number): boolean =>
  record.phase === 'running' &&
  record.spec.idleSeconds !== null &&
  status !== null &&
  status.viewers === 0 &&
  Date.parse(status.activeAt) + record.spec.idleSeconds * 1000 <= now

/** What was heard last may be old: only the host's word of now ends a session. */
const isIdle = async (domain: Domain, session: LiveSession): Promise<boolean> => {
  const target = targetOf(session.record)
  if (target === null || !looksIdle(session, Date.now())) return false
  const status = await domain.hosts.status(target)
  domain.live.heard(session.record.id, status)
  return looksIdle({ record: session.record, status }, Date.now())
}

const expire = async (domain: Domain, session: LiveSession): Promise<void> => {
  const { record } = session
  if (record.phase === 'stopping' || record.endedAt !== null) return
  if (outlived(record, Date.now())) {
    return requestStop(domain, record, { code: 'ttl', detail: `${record.spec.ttlSeconds} s after its creation` }, false)
  }
  if (await isIdle(domain, session)) {
    return requestStop(domain, record, { code: 'idle', detail: `for ${record.spec.idleSeconds} s` }, false)
  }
}

/** Looks at every session this replica knows; one that cannot be judged now is judged the next time. */
export const checkLifetimes = async (domain: Domain): Promise<void> => {
  for (const session of [...domain.live.all()]) {
    await expire(domain, session).catch((error) => {
      domain.logger.debug({ err: error, session: session.record.id }, 'lifetime not checked')
    })
  }
}
