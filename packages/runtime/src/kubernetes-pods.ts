/** The objects of one cluster of ours in their namespace: read, and listed in full. */
import { HoldfastError } from '@holdfast/protocol'
import { KUBE_MS, type KubeApi, KubeRefusal, unlessStatus } from './kubernetes-api.ts'
import type { PodAnswer } from './kubernetes-status.ts'
import { LABEL } from './labels.ts'

export interface Listed<T> {
  metadata: { resourceVersion?: string; continue?: string }
  items: T[]
}

const PAGE_SIZE = 500
/** A list is stitched anew from its start when the server has forgotten the place; then the cluster is too busy to be listed. */
const TRIES = 3
/** Of a page that went out of date. */
const GONE = 410

export const readPod = (api: KubeApi, name: string): Promise<PodAnswer | null> =>
  unlessStatus([404], api.ask<PodAnswer>({ what: `read pod ${name}`, path: `pods/${name}`, ms: KUBE_MS.query }))

/**
 * Who took the pod's place, in the scheduler's words; null when nobody did, and where events may not be read. Clusters before 1.26 say it
 * only there.
 */
export const preemptionOf = async (api: KubeApi, { metadata }: PodAnswer): Promise<string | null> => {
  const query = { fieldSelector: `involvedObject.uid=${metadata.uid},reason=Preempted` }
  const what = `read the events of ${metadata.name}`
  const asking = api.ask<Listed<{ message?: string }>>({ what, path: 'events', query, ms: KUBE_MS.query })
  return (await unlessStatus([403], asking))?.items[0]?.message ?? null
}

/** Workers that take no new pods: who empties one begins with that. None where workers may not be listed. */
export const cordonedWorkers = async (api: KubeApi): Promise<ReadonlySet<string>> => {
  const query = { fieldSelector: 'spec.unschedulable=true' }
  const asking = api.ask<Listed<{ metadata: { name: string } }>>({
    what: 'list nodes',
    scope: 'cluster',
    path: 'nodes',
    query,
    ms: KUBE_MS.query,
  })
  return new Set((await unlessStatus([403], asking))?.items.map(({ metadata }) => metadata.name))
}

export interface Listing {
  cluster: string
  /** Of one answer. */
  pageSize?: number
}

/** Within the namespace. */
export type Kind = 'pods' | 'persistentvolumeclaims'

/** Label selector of a cluster's objects. */
export const selectorOf = (cluster: string): string => `${LABEL.cluster}=${cluster}`

const pages = async <T>(
  api: KubeApi,
  path: Kind,
  { cluster, pageSize = PAGE_SIZE }: Listing,
): Promise<{ items: T[]; resourceVersion: string }> => {
  const until = Date.now() + KUBE_MS.query
  const items: T[] = []
  let resourceVersion = ''
  let next = ''
  do {
    const query = {
      labelSelector: selectorOf(cluster),
      limit: pageSize,
      ...(next === '' ? {} : { continue: next }),
    }
    const ms = Math.max(1, until - Date.now())
    const page = await api.ask<Listed<T>>({ what: `list ${path}`, path, query, ms })
    items.push(...page.items)
    resourceVersion = page.metadata.resourceVersion ?? ''
    next = page.metadata.continue ?? ''
  } while (next !== '')
  return { items, resourceVersion }
}

/** All of this cluster's and the moment of the list, or an error. */
export const listWhole = async <T>(api: KubeApi, path: Kind, listing: Listing) => {
  for (let tries = 1; ; tries++) {
    try {
      return await pages<T>(api, path, listing)
    } catch (error) {
      if (!(error instanceof KubeRefusal) || error.status !== GONE) throw error
      if (tries >= TRIES) throw new HoldfastError('RUNTIME_UNAVAILABLE', error.message, { cause: error })
    }
  }
}

/** All of this cluster's, or an error. */
export const listAll = async <T>(api: KubeApi, path: Kind, listing: Listing): Promise<T[]> =>
  (await listWhole<T>(api, path, listing)).items
