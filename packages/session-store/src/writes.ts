/** Writes of records: what each script is given, and what its answer means. */
import { deadlineOf, HoldfastError, NO_QUOTA, PHASE_RULES, PHASES, type Phase } from '@holdfast/protocol'
import { answered } from './availability.ts'
import type { Epochs } from './epoch.ts'
import { eventHead } from './events.ts'
import { indexMember, type Keys } from './keys.ts'
import { quotaArgs, quotaExceeded, tooFast } from './quota.ts'
import { ENV_PHASES, fieldsOf, fieldsOfWhole, readRecord, recordOfReply } from './records.ts'
import type { RedisClient } from './redis-client.ts'
import { type Reply, SCRIPTS } from './scripts.ts'
import type { Guard, RecordPatch, SessionRecord, SessionStore, StoreEvent } from './store.ts'

/** A session that is started again and again keeps this many. */
export const MAX_SESSION_DEATHS = 100
const IDEMPOTENCY_TTL_MS = 24 * 60 * 60 * 1000

export interface Writer {
  redis: RedisClient
  keys: Keys
  epochs: Epochs
}
type Id = Pick<SessionRecord, 'tenant' | 'id'>

const eventArgs = ({ keys }: Writer, { tenant, id }: Id, type: StoreEvent['type'] = 'session'): string[] => [
  keys.events,
  eventHead(type, tenant, id),
]

const guardArgs = ({ incarnation, fence }: Guard): (string | number)[] => [JSON.stringify(incarnation), fence]

/** The record's fields; what a script refused becomes an error. */
const accepted = ([word, ...rest]: Reply, { tenant, id }: Id): readonly string[] => {
  if (word === 'OK') return (rest[0] ?? []) as string[]
  if (word === 'NOT_FOUND') throw new HoldfastError('SESSION_NOT_FOUND', `no session ${id} of tenant ${tenant}`)
  if (word === 'MOVE') throw new HoldfastError('STALE', `session ${id} cannot make this move from phase ${rest[0]}`)
  if (word === 'REV') throw new HoldfastError('STALE', `session ${id} was written meanwhile: revision ${rest[0]}`)
  if (word === 'GUARD') throw new HoldfastError('STALE', `session ${id} is at incarnation ${rest[0]}, fence ${rest[1]}`)
  throw new HoldfastError('INTERNAL', `a script answered ${word}`)
}

const create = async (
  writer: Writer,
  ...[given, idempotency, quota = NO_QUOTA]: Parameters<SessionStore['create']>
) => {
  const { redis, keys, epochs } = writer
  const { tenant, id, principal, createdAt } = given
  const scriptKeys = [
    keys.record(tenant, id),
    keys.index(tenant),
    keys.usage(tenant),
    keys.rate(tenant),
    keys.changes(tenant),
  ]
  if (idempotency) scriptKeys.push(keys.idempotency(tenant, principal, idempotency.key))
  const reply = await epochs.write(tenant, SCRIPTS.create, scriptKeys, [
    id,
    indexMember(createdAt, id),
    ...eventArgs(writer, given),
    idempotency?.bodyHash ?? '',
    IDEMPOTENCY_TTL_MS,
    ...quotaArgs(quota, given),
    ...fieldsOfWhole({ ...given, rev: 1, incarnation: '', fence: 0 }),
  ])
  if (reply[0] === 'CONFLICT') {
    throw new HoldfastError('IDEMPOTENCY_CONFLICT', 'this Idempotency-Key came before with another body')
  }
  if (reply[0] === 'QUOTA') throw quotaExceeded(reply[1] as string[], quota, given)
  if (reply[0] === 'RATE') throw tooFast(Number(reply[1]), quota)
  if (reply[0] !== 'SAME') return { record: recordOfReply(accepted(reply, given)), created: true }
  const record = await readRecord(redis, keys.record(tenant, String(reply[1])))
  if (record === null) {
    throw new HoldfastError('SESSION_ENDED', `session ${reply[1]} of this Idempotency-Key was removed since`)
  }
  return { record, created: false }
}

const adopt = async (writer: Writer, record: SessionRecord): Promise<SessionRecord> => {
  const { keys, epochs } = writer
  const { tenant, id, fence, createdAt } = record
  const args = [fence, indexMember(createdAt, id), ...eventArgs(writer, record), id, ...fieldsOfWhole(record)]
  const scriptKeys = [keys.record(tenant, id), keys.index(tenant), keys.usage(tenant), keys.changes(tenant)]
  return recordOfReply(accepted(await epochs.write(tenant, SCRIPTS.adopt, scriptKeys, args), record))
}

interface Change {
  guard: Guard
  /** Phases from which the move is legal; '*' when the phase stays. */
  from: readonly Phase[] | '*'
  /** Begins a placement. */
  incarnation?: string
  patch: Partial<SessionRecord>
  end?: Parameters<SessionStore['transition']>[4] | undefined
}

/** What every move of the phase brings with it. */
const entered = (phase: Phase): Partial<SessionRecord> => {
  const now = Date.now()
  return { phase, phaseSince: new Date(now).toISOString(), deadline: deadlineOf(phase, now), waiting: null }
}

const change = async (
  writer: Writer,
  of: Id,
  { guard, from, incarnation, patch, end }: Change,
): Promise<SessionRecord> => {
  const { keys, epochs } = writer
  const reply = await epochs.write(
    of.tenant,
    SCRIPTS.transition,
    [
      keys.record(of.tenant, of.id),
      keys.deaths(of.tenant),
      keys.sessionDeaths(of.tenant, of.id),
      keys.usage(of.tenant),
      keys.changes(of.tenant),
    ],
    [
      ...guardArgs(guard),
      from === '*' ? from : JSON.stringify(from),
      incarnation === undefined ? '' : JSON.stringify(incarnation),
      JSON.stringify(ENV_PHASES),
      ...eventArgs(writer, of),
      end === undefined ? '' : JSON.stringify(end.death),
      end?.keepMs ?? 0,
      MAX_SESSION_DEATHS,
      of.id,
      guard.unchangedSince ?? '',
      ...fieldsOf(patch),
    ],
  )
  return recordOfReply(accepted(reply, of))
}

const remove = async (writer: Writer, of: Id, guard: Guard): Promise<void> => {
  const { keys, epochs } = writer
  const { tenant, id } = of
  const scriptKeys = [keys.record(tenant, id), keys.index(tenant), keys.usage(tenant), keys.changes(tenant)]
  const args = [...guardArgs(guard), ...eventArgs(writer, of, 'removed'), id]
  accepted(await epochs.write(tenant, SCRIPTS.remove, scriptKeys, args), of)
}

const phasesBefore = (to: Phase): readonly Phase[] => PHASES.filter((from) => PHASE_RULES[from].next.includes(to))

const moving = (guard: Guard, to: Phase, patch: RecordPatch): Change => ({
  guard,
  from: phasesBefore(to),
  patch: { ...patch, ...entered(to) },
})

const within = (guard: Guard, patch: RecordPatch): Change => ({
  guard,
  from: guard.phase === undefined ? '*' : [guard.phase],
  patch,
})

export const writesOf = (writer: Writer) =>
  ({
    create: (...call) => answered(create(writer, ...call)),
    adopt: (record) => adopt(writer, record),
    transition: (tenant, id, guard, patch, end) =>
      change(
        writer,
        { tenant, id },
        {
          ...(patch.phase === undefined ? within(guard, patch) : moving(guard, patch.phase, patch)),
          end,
        },
      ),
    place: (tenant, id, guard, { incarnation, ...rest }) =>
      change(writer, { tenant, id }, { ...moving(guard, 'starting', rest), from: ['pending'], incarnation }),
    remove: (tenant, id, guard) => remove(writer, { tenant, id }, guard),
    async saveScreen(tenant, id, screen, ttlMs) {
      const { keys, epochs } = writer
      await epochs.write(tenant, SCRIPTS.saveScreen, [keys.screen(tenant, id)], [JSON.stringify(screen), ttlMs])
    },
  }) satisfies Partial<SessionStore>
