/** A record as fields of a Redis hash: one JSON value a field, the secrets of `spec.env` in a field of their own. */
import type { Phase } from '@holdfast/protocol'
import { indexMember } from './keys.ts'
import { countsOf } from './quota.ts'
import type { RedisClient } from './redis-client.ts'
import type { SessionRecord } from './store.ts'

/** Fields that are ours, not the record's. */
const ENV = '@env'
const INDEX = '@index'
const COUNTS = '@counts'

/** As long as a host will have to be told the environment; while the session runs its host alone knows it. */
export const ENV_PHASES: readonly Phase[] = ['pending', 'starting', 'suspended']

type Spec = SessionRecord['spec']

/** `[field, value, …]` of what is given; documents are never re-encoded by Lua, whose cjson turns [] into {}. */
export const fieldsOf = (part: Partial<SessionRecord>): string[] =>
  Object.entries(part).flatMap(([name, value]) => {
    if (name !== 'spec') return [name, JSON.stringify(value)]
    const { env, ...rest } = value as Spec
    return ['spec', JSON.stringify(rest), ENV, JSON.stringify(env)]
  })

/** All fields of a new hash, with its place in the index and what it counts. */
export const fieldsOfWhole = (record: SessionRecord): string[] => {
  const env = record.keepEnv || ENV_PHASES.includes(record.phase) ? record.spec.env : {}
  const fields = fieldsOf({ ...record, spec: { ...record.spec, env } })
  return [...fields, INDEX, indexMember(record.createdAt, record.id), COUNTS, countsOf(record)]
}

export const recordOf = (fields: Readonly<Record<string, string>>): SessionRecord => {
  const { [ENV]: env, [INDEX]: _index, [COUNTS]: _counts, ...rest } = fields
  const record = Object.fromEntries(Object.entries(rest).map(([name, text]) => [name, JSON.parse(text)]))
  return { ...record, spec: { ...record.spec, env: env === undefined ? {} : JSON.parse(env) } } as SessionRecord
}

/** From the flat `[field, value, …]` with which a script answers. */
export const recordOfReply = (flat: readonly string[]): SessionRecord => {
  const fields: Record<string, string> = {}
  for (let at = 0; at < flat.length; at += 2) fields[flat[at] ?? ''] = flat[at + 1] ?? ''
  return recordOf(fields)
}

/** Null also for a record that cannot be read: it must hide no other one, and the adoption of what runs replaces it. */
export const readRecord = async (redis: RedisClient, key: string): Promise<SessionRecord | null> => {
  const fields = await redis.hgetall(key)
  if (Object.keys(fields).length === 0) return null
  try {
    return recordOf(fields)
  } catch {
    return null
  }
}
