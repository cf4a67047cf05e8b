/** Writes of records: what each script is given, and what its answer means. */
import { HoldfastError, NEXT, PHASES, type Phase } from '@holdfast/protocol'
import type { Redis } from 'ioredis'
import { answered } from './availability.ts'
import type { Epochs } from './epoch.ts'
import { eventHead } from './events.ts'
import { indexMember, type Keys } from './keys.ts'
import { ENV_PHASES, fieldsOf, fieldsOfWhole, readRecord, recordOfReply } from './records.ts'
import { type Reply, SCRIPTS } from './scripts.ts'
import type { Guard, RecordPatch, SessionRecord, SessionStore } from './store.ts'

const IDEMPOTENCY_TTL_MS = 24 * 60 * 60 * 1000

export interface Writer {
  redis: Redis
  keys: Keys
  epochs: Epochs
}
type Id = Pick<SessionRecord, 'tenant' | 'id'>

const eventArgs = ({ keys }: Writer, { tenant, id }: Id): string[] => [keys.events, eventHead(tenant, id)]

const guardArgs = ({ incarnation, fence }: Guard): (string | number)[] => [JSON.stringify(incarnation), fence]

/** The record's fields; what a script refused becomes an error. */
const accepted = ([word, ...rest]: Reply, { tenant, id }: Id): readonly string[] => {
  if (word === 'OK') return (rest[0] ?? []) as string[]
  if (word === 'NOT_FOUND') throw new HoldfastError('SESSION_NOT_FOUND', `no session ${id} of tenant ${tenant}`)
  if (word === 'MOVE') throw new HoldfastError('STALE', `session ${id} cannot make this move from phase ${rest[0]}`)
  if (word === 'GUARD') throw new HoldfastError('STALE', `session ${id} is at incarnation ${rest[0]}, fence ${rest[1]}`)
  throw new HoldfastError('INTERNAL', `a script answered ${word}`)
}

const create = async (writer: Writer, ...[given, idempotency]: Parameters<SessionStore['create']>) => {
  const { redis, keys, epochs } = writer
  const { tenant, id, principal, createdAt } = given
  const scriptKeys = [keys.record(tenant, id), keys.index(tenant)]
  if (idempotency) scriptKeys.push(keys.idempotency(tenant, principal, idempotency.key))
  const reply = await epochs.write(tenant, SCRIPTS.create, scriptKeys, [
    id,
    indexMember(createdAt, id),
    ...eventArgs(writer, given),
    idempotency?.bodyHash ?? '',
    IDEMPOTENCY_TTL_MS,
    ...fieldsOfWhole({ ...given, rev: 1, incarnation: '', fence: 0 }),
  ])
  if (reply[0] === 'CONFLICT') {
    throw new HoldfastError('IDEMPOTENCY_CONFLICT', 'this Idempotency-Key came before with another body')
  }
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
  const args = [fence, indexMember(createdAt, id), ...eventArgs(writer, record), ...fieldsOfWhole(record)]
  const scriptKeys = [keys.record(tenant, id), keys.index(tenant)]
  return recordOfReply(accepted(await epochs.write(tenant, SCRIPTS.adopt, scriptKeys, args), record))
}

interface Change {
  guard: Guard
  /** Phases from which the move is legal; '*' when the phase stays. */
  from: readonly Phase[] | '*'
  /** Begins a placement. */
  incarnation?: string
  patch: RecordPatch
}

const change = async (writer: Writer, of: Id, { guard, from, incarnation, patch }: Change): Promise<SessionRecord> => {
  const { keys, epochs } = writer
  const reply = await epochs.write(
    of.tenant,
    SCRIPTS.transition,
    [keys.record(of.tenant, of.id)],
    [
      ...guardArgs(guard),
      from === '*' ? from : JSON.stringify(from),
      incarnation === undefined ? '' : JSON.stringify(incarnation),
      JSON.stringify(ENV_PHASES),
      ...eventArgs(writer, of),
      ...fieldsOf(patch),
    ],
  )
  return recordOfReply(accepted(reply, of))
}

const remove = async (writer: Writer, of: Id, guard: Guard): Promise<void> => {
  const { keys, epochs } = writer
  const scriptKeys = [keys.record(of.tenant, of.id), keys.index(of.tenant), keys.screen(of.tenant, of.id)]
  const args = [...guardArgs(guard), ...eventArgs(writer, of)]
  accepted(await epochs.write(of.tenant, SCRIPTS.remove, scriptKeys, args), of)
}

const phasesBefore = (to: Phase): readonly Phase[] => PHASES.filter((from) => NEXT[from].includes(to))

export const writesOf = (writer: Writer) =>
  ({
    create: (...call) => answered(create(writer, ...call)),
    adopt: (record) => adopt(writer, record),
    transition: (tenant, id, guard, patch) =>
      change(writer, { tenant, id }, { guard, from: patch.phase ? phasesBefore(patch.phase) : '*', patch }),
    place: (tenant, id, guard, { incarnation, ...rest }) =>
      change(writer, { tenant, id }, { guard, from: ['pending'], incarnation, patch: { ...rest, phase: 'starting' } }),
    remove: (tenant, id, guard) => remove(writer, { tenant, id }, guard),
    async saveScreen(tenant, id, screen, ttlMs) {
      const { keys, epochs } = writer
      await epochs.write(tenant, SCRIPTS.saveScreen, [keys.screen(tenant, id)], [JSON.stringify(screen), ttlMs])
    },
  }) satisfies Partial<SessionStore>
