/** Hosts made before anyone asked: which pool they are of, how one is made, and how a session gets one. */
import { createHash } from 'node:crypto'
import { hostIdOf, randomId } from '@holdfast/protocol'
import { type HostInfo, type HostSpec, LABEL, type Runtime } from '@holdfast/runtime'
import { hostKey } from '@holdfast/service-kit'
import type { SessionRecord } from '@holdfast/session-store'
import type { Asking } from './demand.ts'
import type { Domain } from './domain.ts'
import type { Target } from './host-client.ts'
import { identityLabels } from './host-spec.ts'

/** What has to be the same for a host to serve a session: all else is bound at the claim. */
export type PoolSpec = Pick<SessionRecord, 'image' | 'network' | 'limits'> & { template: string }

/** `<template>.<hash>`: a template that was changed has a pool of another name, and the old one empties. */
export const poolOf = ({ template, image, network, limits }: PoolSpec): string => {
  const parts = [image, network, Object.entries(limits).sort()]
  return `${template}.${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8)}`
}

/** One that waits for a session: of a pool, and assigned to nobody. */
export const isWarm = ({ labels }: HostInfo): boolean =>
  labels[LABEL.pool] !== undefined && labels[LABEL.session] === undefined

export const newWarmSpec = (domain: Domain, pool: string, { template, image, network, limits }: PoolSpec): HostSpec => {
  const hostId = `warm-${randomId(14)}`
  const labels = { [LABEL.pool]: pool, [LABEL.template]: template }
  return { hostId, image, hostKey: hostKey(domain.masterKey, hostId), labels, limits, network }
}

/** Was this record given a host that was made for a pool? */
export const wasWarm = ({ id, incarnation, hostId }: SessionRecord): boolean =>
  hostId !== null && hostId !== hostIdOf(id, incarnation)

/** The pool of a session's template; null when it has none. */
export const poolFor = ({ templates }: Pick<Domain, 'templates'>, { spec, ...rest }: Asking): string | null =>
  templates.find(spec.template)?.pool === undefined ? null : poolOf({ ...rest, template: spec.template })

/** Nodes on which a host of the session's pool waits; asks the store only where there is a pool. */
export const nodesWithWarm = async (
  domain: Pick<Domain, 'templates' | 'warm' | 'nodes'>,
  asking: Asking,
): Promise<ReadonlySet<string>> => {
  const pool = poolFor(domain, asking)
  if (pool === null) return new Set()
  const ids = domain.nodes.all().map(({ spec }) => spec.id)
  const waiting = await Promise.all(ids.map((node) => domain.warm.ready({ pool, node })))
  return new Set(ids.filter((_, at) => waiting[at]?.length))
}

/**
 * A warm host of the session's pool on this node; null when there is none, or when it is to be made as nobody else's is.
 * Nobody else gets it: who crashes before it is assigned leaves it to be put back later.
 */
export const takeWarm = async (domain: Domain, record: SessionRecord, node: string): Promise<string | null> => {
  const pool = poolFor(domain, record)
  if (pool === null) return null
  const taken = await domain.warm.take({ pool, node })
  domain.metrics.holdfast_orchestrator_warm_claims_total.inc({
    template: record.spec.template,
    outcome: taken === null ? 'miss' : 'hit',
  })
  return taken
}

/** The record's host, made now or warm; a warm one that died while it waited is replaced by a new one of the same name. */
export const obtainHost = async (
  { hosts }: Domain,
  runtime: Runtime,
  record: SessionRecord,
  spec: HostSpec,
): Promise<{ target: Target; listens: boolean }> => {
  const { hostId } = spec
  const targetAt = (address: string): Target => ({ hostId, address, session: record.id, fence: record.fence })
  if (!wasWarm(record)) return { target: targetAt((await runtime.create(spec)).address), listens: false }
  const warm = targetAt(await runtime.address(hostId))
  const listens = await hosts.ready(warm)
  const info = listens ? null : await runtime.create(spec)
  if (info !== null && !isWarm(info)) return { target: targetAt(info.address), listens }
  if (info?.state === 'exited') {
    await runtime.remove(hostId)
    return { target: targetAt((await runtime.create(spec)).address), listens }
  }
  await runtime.assign(hostId, identityLabels(record))
  return { target: warm, listens }
}
