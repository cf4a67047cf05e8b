/** From `running` to `suspended`: asked for by a request or by idleness, carried out by a converge. */
import { HoldfastError } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import { withCondition } from './conditions.ts'
import { STOP_GRACE_MS } from './deadlines.ts'
import { type Domain, guardOf, type Outcome, refOf } from './domain.ts'
import { deathNote, lastScreen, recordExit } from './endings.ts'
import type { Target } from './host-client.ts'

/** A host that was told to suspend has ended without a note: the next look finds out why. */
const AGAIN_MS = 1_000

/** What is wanted of a session that runs or is suspended; null: that it runs. */
export const wantSuspended = async (
  { store, jobs }: Pick<Domain, 'store' | 'jobs'>,
  record: SessionRecord,
  suspend: SessionRecord['suspend'],
): Promise<SessionRecord> => {
  const wanted = await store.transition(record.tenant, record.id, guardOf(record), { suspend })
  await jobs.converge(refOf(record))
  return wanted
}

/** Its host is frozen. */
export const noteFrozen = async ({ store }: Domain, record: SessionRecord): Promise<Outcome> => {
  const conditions = withCondition([], 'Frozen', 'True', 'kept in memory; it goes on when someone attaches')
  const patch = { phase: 'suspended', suspend: 'freeze', conditions } as const
  return { next: await store.transition(record.tenant, record.id, guardOf(record), patch) }
}

const freeze = async (domain: Domain, record: SessionRecord, target: Target): Promise<Outcome> => {
  const runtime = domain.nodes.runtime(record.node)
  if (runtime?.freeze === undefined) throw new HoldfastError('INTERNAL', `${record.runtime} cannot freeze`)
  const screen = await lastScreen(domain, target)
  if (screen !== null) await domain.store.saveScreen(record.tenant, record.id, screen, domain.retentionMs)
  await domain.hosts.dismiss(target)
  await runtime.freeze(target.hostId)
  return noteFrozen(domain, record)
}

/** Throws HOST_UNREACHABLE. */
export const carryOut = async (domain: Domain, record: SessionRecord, target: Target): Promise<Outcome> => {
  if (record.suspend === 'freeze') return freeze(domain, record, target)
  const env = await domain.hosts.suspend(target, STOP_GRACE_MS)
  await domain.nodes.runtime(record.node)?.stop(target.hostId, STOP_GRACE_MS)
  const note = await deathNote(domain, record)
  if (note === null)
    return { againMs: AGAIN_MS, waitsFor: `the note of host ${target.hostId}, which was told to suspend` }
  return recordExit(domain, { ...record, spec: { ...record.spec, env } }, note.exit, note.screen, [])
}
