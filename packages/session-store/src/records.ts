/** A record as fields of a Redis hash: one JSON value a field, the secrets of `spec.env` in a field of their own. */
import type { Phase } from '@holdfast/protocol'
import type { Redis } from 'ioredis'
import { indexMember } from './keys.ts'
import type { SessionRecord } from './store.ts'

/** Fields that are ours, not the record's. */
const ENV = '@env'
const INDEX = '@index'

/** Until the session runs its host may still have to be told the environment; after that no copy is kept. */
export const ENV_PHASES: readonly Phase[] = ['pending', 'starting']

type Spec = SessionRecord['spec']

/** `[field, value, …]` of what is given; documents are never re-encoded by Lua, whose cjson turns [] into {}. */
export const fieldsOf = (part: Partial<SessionRecord>): string[] =>
  Object.entries(part).flatMap(([name, value]) => {
    if (name !== 'spec') return [name, JSON.stringify(value)]
    const { env, ...rest } = value as Spec
    return ['spec', JSON.stringify(rest), ENV, JSON.stringify(env)]
  })

/** All fields of a new hash, with its place in the index. */
export const fieldsOfWhole = (record: SessionRecord): string[] => {
  const env = ENV_PHASES.includes(record.phase) ? record.spec.env : {}
  return [...fieldsOf({ ...record, spec: { ...record.spec, env } }), INDEX, indexMember(record.createdAt, record.id)]
}

export const recordOf = (fields: Readonly<Record<string, string>>): SessionRecord => {
  const { [ENV]: env, [INDEX]: _index, ...rest } = fields
  const record = Object.fromEntries(Object.entries(rest).map(([name, text]) => [name, JSON.parse(text)]))
  return { ...record, spec: { ...record.spec, env: env === undefined ? {} : JSON.parse(env) } } as SessionRecord
}

/** From the flat `[field, value, …]` with which a script answers. */
export const recordOfReply = (flat: readonly string[]): SessionRecord => {
  const fields: Record<string, string> = {}
  for (let at = 0; at < flat.length; at += 2) fields[flat[at] ?? ''] = flat[at + 1] ?? ''
  return recordOf(fields)
}

export const readRecord = async (redis: Redis, key: string): Promise<SessionRecord | null> => {
  const fields = await redis.hgetall(key)
  return Object.keys(fields).length === 0 ? null : recordOf(fields)
}
