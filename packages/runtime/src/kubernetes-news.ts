/**
 * What is heard of a cluster's objects: one watch of each kind, shared by all who wait. News only says that a look is worth it. Watches go
 * silent, end and fall behind, so nothing is concluded from them, or from their silence.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '@holdfast/protocol'
import type { KubeApi } from './kubernetes-api.ts'
import { KUBE_MS } from './kubernetes-api.ts'
import { type Kind, type Listing, listWhole, selectorOf } from './kubernetes-pods.ts'
import type { PodAnswer } from './kubernetes-status.ts'

/** `object`: as it was then; null when it was gone. */
type Changed = (name: string, object: PodAnswer | null) => void

export interface News {
  readonly kind: Kind
  /** Calls back with each object that is new, changed or gone. The watch begins with the first follower and ends with the last. */
  follow(changed: Changed): () => void
}

export interface NewsTimes {
  /** One watch, seconds. The server ends it by itself, so one that is still open some seconds later is dead. */
  watchS: number
  /** Between two lists, whatever watches say. */
  relistMs: number
  /** Of watches that do not work: before the first new try, and at most. */
  pauseMs: { first: number; longest: number }
}

const TIMES: NewsTimes = { watchS: 20, relistMs: 60_000, pauseMs: { first: 1_000, longest: 10_000 } }
/** Given to the server for the end of a watch, milliseconds. */
const SLACK_MS = KUBE_MS.query
/** A watch that ends so much before its time has failed, milliseconds. */
const EARLY_MS = 1_000

interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: PodAnswer & { message?: string }
}

const failed = (what: string): HoldfastError => new HoldfastError('RUNTIME_UNAVAILABLE', what)

/** Whole lines of what comes in pieces. */
const lineReader = (): ((chunk: Buffer) => string[]) => {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    const all = Buffer.concat([rest, chunk])
    const end = all.lastIndexOf(10) + 1
    rest = all.subarray(end)
    return all
      .toString('utf8', 0, end)
      .split('\n')
      .filter((line) => line !== '')
  }
}

/** `pageSize` as in a list. */
export const kubeNews = (api: KubeApi, kind: Kind, listing: Listing, times: NewsTimes = TIMES): News => {
  const followers = new Set<Changed>()
  /** Version of each object, by name. */
  const known = new Map<string, string>()
  let stop: AbortController | undefined

  const tell: Changed = (name, object) => {
    if (object === null) known.delete(name)
    else known.set(name, object.metadata.resourceVersion)
    for (const changed of [...followers]) changed(name, object)
  }

  /** Tells what differs from what was known; returns the moment of the list. */
  const list = async (): Promise<string> => {
    const { items, resourceVersion } = await listWhole<PodAnswer>(api, kind, listing)
    const names = new Set(items.map(({ metadata }) => metadata.name))
    for (const name of [...known.keys()]) if (!names.has(name)) tell(name, null)
    for (const item of items) {
      if (known.get(item.metadata.name) !== item.metadata.resourceVersion) tell(item.metadata.name, item)
    }
    return resourceVersion
  }

  /** One watch to its end; returns the last moment that it knew, so that the next one misses nothing. Throws RUNTIME_UNAVAILABLE when it failed. */
  const watch = async (from: string, signal: AbortSignal): Promise<string> => {
    let last = from
    const lines = lineReader()
    const query = {
      labelSelector: selectorOf(listing.cluster),
      watch: 'true',
      // Before the end of each watch: it moves on the moment also where nothing happens, which else would be forgotten.
      allowWatchBookmarks: 'true',
      resourceVersion: from,
      timeoutSeconds: times.watchS,
    }
    const ms = times.watchS * 1000
    const begun = Date.now()
    await api.read({ what: `watch ${kind}`, path: kind, query, ms: ms + SLACK_MS, signal }, (chunk) => {
      for (const line of lines(chunk)) {
        const { type, object } = JSON.parse(line) as WatchEvent
        if (type === 'ERROR') throw failed(`the watch of ${kind} failed: ${object.message ?? line.slice(0, 200)}`)
        last = object.metadata.resourceVersion
        if (type !== 'BOOKMARK') tell(object.metadata.name, type === 'DELETED' ? null : object)
      }
      return undefined
    })
    if (Date.now() - begun < ms - EARLY_MS) throw failed(`the watch of ${kind} ended before its time`)
    return last
  }

  const run = async (signal: AbortSignal): Promise<void> => {
    const { first, longest } = times.pauseMs
    for (let pauseMs = first; !signal.aborted; ) {
      try {
        const until = Date.now() + times.relistMs
        for (let from = await list(); Date.now() < until; pauseMs = first) from = await watch(from, signal)
      } catch {
        // The node's heartbeat tells of a server that does not answer. All orchestrators lose it at the same moment.
        await delay(pauseMs * (0.5 + Math.random()), undefined, { signal, ref: false }).catch(() => {})
        pauseMs = Math.min(pauseMs * 2, longest)
      }
    }
  }

  return {
    kind,
    follow: (changed) => {
      followers.add(changed)
      if (stop === undefined) {
        stop = new AbortController()
        void run(stop.signal)
      }
      return () => {
        followers.delete(changed)
        if (followers.size > 0) return
        stop?.abort()
        stop = undefined
        known.clear()
      }
    },
  }
}
