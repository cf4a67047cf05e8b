/** What of a session may change while it runs: the record has it first, then its host; a host out of reach hears of it when it is back. */
import { type Changeable, canonicalJson, type HostStatus } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import { type Domain, guardOf, refOf, targetOf } from './domain.ts'

/** That part of a record's spec, or of a claim. */
export const changeableOf = ({ name, labels, expiresAt, idleSeconds }: Changeable): Changeable => ({
  name,
  labels,
  expiresAt,
  idleSeconds,
})

/** Has the host what the record has? */
export const isUpToDate = ({ spec }: SessionRecord, { claim }: HostStatus): boolean =>
  claim !== null && canonicalJson(changeableOf(claim)) === canonicalJson(changeableOf(spec))

/** Told at once where the host answers; the converge tells one that does not. */
export const updateSpec = async (
  { store, hosts, jobs, live, logger }: Pick<Domain, 'store' | 'hosts' | 'jobs' | 'live' | 'logger'>,
  found: SessionRecord,
  change: Partial<Changeable>,
): Promise<SessionRecord> => {
  const spec = { ...found.spec, ...change }
  const record = await store.transition(found.tenant, found.id, guardOf(found), { spec })
  const target = targetOf(record)
  if (record.phase !== 'running' || target === null) return record
  try {
    live.heard(record.id, await hosts.update(target, changeableOf(record.spec)))
  } catch (error) {
    logger.info({ err: error, session: record.id }, 'the host did not take what changed yet')
  }
  await jobs.converge(refOf(record))
  return record
}
