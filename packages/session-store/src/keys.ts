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
  /** Hash: what of the tenant's sessions is counted, and the sums; see scripts/usage.lua. */
  usage(tenant: string): string
  /** Hash of `tat` and `slot`: how fast the tenant makes sessions; see scripts/create.lua. */
  rate(tenant: string): string
  /** Hash of `id` and `body`; keys of different principals do not meet. */
  idempotency(tenant: string, principal: string, key: string): string
  screen(tenant: string, id: string): string
  /** Stream of the tenant's changes, field `event`, JSON. */
  changes(tenant: string): string
  /** Stream of the tenant's deaths, field `death`, JSON. */
  deaths(tenant: string): string
  /** List of one session's deaths, JSON, latest first. */
  sessionDeaths(tenant: string, id: string): string
  /** Hash of `rev` and `document`: what operators said of the nodes. The keys of the nodes share a slot. */
  nodes: string
  /** Stream of what happened to the nodes, field `event`, JSON. */
  nodeNews: string
  /** Hash: matter to the last that was told of it. */
  nodeTold: string
  /** Hash: holder to `<node> <milli cpus> <MiB> <pids> <unix ms>`. */
  reservations: string
  /** Hash: `<node> <resource>` to the sum of the node's reservations. */
  reserved: string
  /** Hash of `grant` and `uses`. */
  ticket(ticket: string): string
  /** Of one pool on one node, all in one slot. */
  pool(pool: string, node: string): PoolKeys
}

export interface PoolKeys {
  /** Set of host ids that wait to be taken. */
  ready: string
  /** Sorted set of host ids by the Unix time (ms) at which they were taken. */
  taken: string
  /** Hash: Unix time in minutes → hosts asked for in that minute. */
  demand: string
  /** JSON, the pool's failures. */
  setback: string
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
    usage: (tenant) => `${base}:${tag(tenant)}:usage`,
    rate: (tenant) => `${base}:${tag(tenant)}:rate`,
    idempotency: (tenant, principal, key) =>
      `${base}:${tag(tenant)}:idempotency:${sha256(JSON.stringify([principal, key]))}`,
    changes: (tenant) => `${base}:${tag(tenant)}:changes`,
    deaths: (tenant) => `${base}:${tag(tenant)}:deaths`,
    sessionDeaths: (tenant, id) => `${base}:${tag(tenant)}:deaths:${id}`,
    screen: (tenant, id) => `${base}:${tag(tenant)}:screen:${id}`,
    nodes: `${base}:{$nodes}:document`,
    nodeNews: `${base}:{$nodes}:news`,
    nodeTold: `${base}:{$nodes}:told`,
    reservations: `${base}:{$nodes}:reservations`,
    reserved: `${base}:{$nodes}:reserved`,
    ticket: (ticket) => `${base}:ticket:{${sha256(ticket)}}`,
    pool: (pool, node) => {
      const head = `${base}:{$pool}:${pool}:${node}`
      return { ready: `${head}:ready`, taken: `${head}:taken`, demand: `${head}:demand`, setback: `${head}:setback` }
    },
  }
}

/** `<creation time, unix ms, 15 digits>:<id>`: the order of the bytes is the order of creation, and no two are equal. */
export const indexMember = (createdAt: string, id: string): string => {
  const ms = Date.parse(createdAt)
  if (Number.isNaN(ms)) throw new HoldfastError('BAD_REQUEST', `"${createdAt.slice(0, 40)}" is not an ISO 8601 time`)
  return `${String(ms).padStart(15, '0')}:${id}`
}
export const idOfMember = (member: string): string => member.slice(16)

/** Of an entry of a stream, made by Redis. */
export const STREAM_ID = /^\d{1,15}-\d{1,10}$/
export const INDEX_MEMBER = /^\d{15}:[a-z0-9-]{1,64}$/

/** Opaque to the caller: the index member or stream id that was looked at last. */
export const cursorOf = (place: string): string => Buffer.from(place).toString('base64url')
/** Throws BAD_REQUEST unless the cursor holds a place of this shape. */
export const placeOf = (cursor: string, shape: RegExp): string => {
  const place = Buffer.from(cursor, 'base64url').toString()
  if (!shape.test(place)) throw new HoldfastError('BAD_REQUEST', 'the cursor is not one of ours')
  return place
}
