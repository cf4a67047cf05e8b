/** Every key of the store. All keys of a tenant share one Redis Cluster slot by their hash tag, so that one script may touch them. */
import { createHash } from 'node:crypto'
import { HoldfastError } from '@holdfast/protocol'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Escaped: a brace in a tenant's name would end the tag, and `$` is left to us. */
const tag = (tenant: string): string => {
  if (tenant === '') throw new HoldfastError('BAD_REQUEST', 'a tenant needs a name')
  return `{${encodeURIComponent(tenant)}}`
}

export interface Keys {
  /** Identity of the store's content as a whole. */
  storeEpoch: string
  /** Set of the names of all tenants that ever had a record. */
  tenants: string
  /** Pub/sub channel, no key. */
  events: string
  /** Copy of the store's epoch in the tenant's slot. */
  epoch(tenant: string): string
  /** Hash: one JSON value a field. */
  record(tenant: string, id: string): string
  /** Sorted set, all scores 0, members by `indexMember`. */
  index(tenant: string): string
  /** Hash of `id` and `body`; keys of different principals do not meet. */
  idempotency(tenant: string, principal: string, key: string): string
  screen(tenant: string, id: string): string
  /** Hash of `grant` and `uses`. */
  ticket(ticket: string): string
}

export const keysOf = (cluster: string): Keys => {
  const base = `hf:${cluster}`
  return {
    storeEpoch: `${base}:{$store}:epoch`,
    tenants: `${base}:{$store}:tenants`,
    events: `${base}:events`,
    epoch: (tenant) => `${base}:${tag(tenant)}:epoch`,
    record: (tenant, id) => `${base}:${tag(tenant)}:session:${id}`,
    index: (tenant) => `${base}:${tag(tenant)}:index`,
    idempotency: (tenant, principal, key) =>
      `${base}:${tag(tenant)}:idempotency:${sha256(JSON.stringify([principal, key]))}`,
    screen: (tenant, id) => `${base}:${tag(tenant)}:screen:${id}`,
    ticket: (ticket) => `${base}:ticket:{${sha256(ticket)}}`,
  }
}

/** `<creation time, unix ms, 15 digits>:<id>`: the order of the bytes is the order of creation, and no two are equal. */
export const indexMember = (createdAt: string, id: string): string => {
  const ms = Date.parse(createdAt)
  if (Number.isNaN(ms)) throw new HoldfastError('BAD_REQUEST', `"${createdAt.slice(0, 40)}" is not an ISO 8601 time`)
  return `${String(ms).padStart(15, '0')}:${id}`
}
export const idOfMember = (member: string): string => member.slice(16)

/** Opaque to the caller: the last member that was looked at. */
export const cursorOf = (member: string): string => Buffer.from(member).toString('base64url')
export const memberOfCursor = (cursor: string): string => {
  const member = Buffer.from(cursor, 'base64url').toString()
  if (!/^\d{15}:[a-z0-9-]{1,64}$/.test(member)) throw new HoldfastError('BAD_REQUEST', 'the cursor is not one of ours')
  return member
}
