/** The pods of one cluster of ours in their namespace: read, listed in full, waited for. */
import { HoldfastError } from '@holdfast/protocol'
import { KUBE_MS, type KubeApi, KubeRefusal, unlessStatus } from './kubernetes-api.ts'
import type { PodAnswer } from './kubernetes-status.ts'
import { LABEL } from './labels.ts'

interface ListAnswer<T> {
  metadata: { resourceVersion?: string; continue?: string }
  items: T[]
}

const PAGE_SIZE = 500
/** A list is stitched anew from its start when the server has forgotten the place; then the cluster is too busy to be listed. */
const TRIES = 3
/** Seconds that one watch lasts at most: one that went silent is noticed after that. Source: kubernetes-client/javascript#2432. */
const WATCH_S = 5
/** Of a page that went out of date. */
const GONE = 410

export const readPod = (api: KubeApi, name: string): Promise<PodAnswer | null> =>
  unlessStatus([404], api.ask<PodAnswer>({ what: `read pod ${name}`, path: `pods/${name}`, ms: KUBE_MS.query }))

export interface Listing {
  cluster: string
  /** Of one answer. */
  pageSize?: number
}

const pages = async <T>(api: KubeApi, path: string, { cluster, pageSize = PAGE_SIZE }: Listing): Promise<T[]> => {
  const until = Date.now() + KUBE_MS.query
  const items: T[] = []
  let next = ''
  do {
    const query = {
      labelSelector: `${LABEL.cluster}=${cluster}`,
      limit: pageSize,
      ...(next === '' ? {} : { continue: next }),
    }
    const ms = Math.max(1, until - Date.now())
    const page = await api.ask<ListAnswer<T>>({ what: `list ${path}`, path, query, ms })
    items.push(...page.items)
    next = page.metadata.continue ?? ''
  } while (next !== '')
  return items
}

/** All of this cluster's, or an error. `path`: `pods` and the like. */
export const listAll = async <T>(api: KubeApi, path: string, listing: Listing): Promise<T[]> => {
  for (let tries = 1; ; tries++) {
    try {
      return await pages<T>(api, path, listing)
    } catch (error) {
      if (!(error instanceof KubeRefusal) || error.status !== GONE) throw error
      if (tries >= TRIES) throw new HoldfastError('RUNTIME_UNAVAILABLE', error.message, { cause: error })
    }
  }
}

interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: PodAnswer
}

/** One object, by the path of its kind within the namespace. */
export interface Named {
  path: 'pods' | 'persistentvolumeclaims'
  name: string
}

/** Passes on what becomes of one object, null when it is gone, until that is enough or the watch is over. */
const watchOne = async (
  api: KubeApi,
  { path, name }: Named,
  { resourceVersion, seconds }: { resourceVersion: string; seconds: number },
  heard: (object: PodAnswer | null) => 'enough' | undefined,
): Promise<void> => {
  const query = { fieldSelector: `metadata.name=${name}`, watch: 'true', resourceVersion, timeoutSeconds: seconds }
  let rest = ''
  const lines = (chunk: Buffer): string[] => {
    const parts = (rest + chunk.toString('utf8')).split('\n')
    rest = parts.pop() ?? ''
    return parts.filter((line) => line !== '')
  }
  const take = (chunk: Buffer): 'enough' | undefined => {
    for (const line of lines(chunk)) {
      const { type, object } = JSON.parse(line) as WatchEvent
      if (type === 'ERROR') return 'enough' // out of date: it is read again
      if (type !== 'BOOKMARK' && heard(type === 'DELETED' ? null : object) === 'enough') return 'enough'
    }
    return undefined
  }
  await api.read({ what: `watch ${name}`, path, query, ms: seconds * 1000 + KUBE_MS.query }, take)
}

/**
 * The first answer that is not undefined, of the object as it is and as it changes (null: there is none); undefined when `ms` have
 * passed without one. Throws as the API does.
 */
export const awaitOne = async <T>(
  api: KubeApi,
  named: Named,
  ms: number,
  look: (object: PodAnswer | null) => T | undefined,
): Promise<T | undefined> => {
  for (const until = Date.now() + ms; ; ) {
    const query = { fieldSelector: `metadata.name=${named.name}` }
    const reading = { what: `read ${named.name}`, path: named.path, query, ms: KUBE_MS.query }
    const now = await api.ask<ListAnswer<PodAnswer>>(reading)
    let found = look(now.items[0] ?? null)
    if (found !== undefined || Date.now() >= until) return found
    const seconds = Math.min(WATCH_S, Math.max(1, Math.ceil((until - Date.now()) / 1000)))
    await watchOne(api, named, { resourceVersion: now.metadata.resourceVersion ?? '', seconds }, (object) => {
      found = look(object)
      return found !== undefined || Date.now() >= until ? 'enough' : undefined
    })
    if (found !== undefined) return found
  }
}

/** Throws RUNTIME_UNAVAILABLE with `why` when it is still there after so long. */
export const awaitGone = async (api: KubeApi, named: Named, ms: number, why: string): Promise<void> => {
  const gone = await awaitOne(api, named, ms, (object) => object === null || undefined)
  if (gone !== undefined) return
  throw new HoldfastError('RUNTIME_UNAVAILABLE', `${named.name} is not gone after ${ms / 1000} s: ${why}`)
}
