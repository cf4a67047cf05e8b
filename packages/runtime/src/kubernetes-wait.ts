/** Waiting for what becomes of one object of a cluster. */
import { HoldfastError } from '@holdfast/protocol'
import { KUBE_MS, type KubeApi } from './kubernetes-api.ts'
import type { News } from './kubernetes-news.ts'
import type { Listed } from './kubernetes-pods.ts'
import type { PodAnswer } from './kubernetes-status.ts'

/** One object, and what says when it is worth reading it again. */
export interface Awaited {
  news: News
  name: string
}

/** A look at least so often, milliseconds: news may be missed. */
const LOOK_MS = 5_000

/**
 * The first answer that is not undefined, of the object as it is whenever there is news of it (null: there is none); undefined when
 * `ms` have passed without one. Throws as the API does.
 */
export const awaitOne = async <T>(
  api: KubeApi,
  { news, name }: Awaited,
  ms: number,
  look: (object: PodAnswer | null) => T | undefined,
): Promise<T | undefined> => {
  let wake = (): void => {}
  const unfollow = news.follow((changed) => {
    if (changed === name) wake()
  })
  try {
    for (const until = Date.now() + ms; ; ) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      const query = { fieldSelector: `metadata.name=${name}` }
      const reading = { what: `read ${name}`, path: news.kind, query, ms: KUBE_MS.query }
      const found = look((await api.ask<Listed<PodAnswer>>(reading)).items[0] ?? null)
      const left = until - Date.now()
      if (found !== undefined || left <= 0) return found
      const timer = setTimeout(wake, Math.min(LOOK_MS, left))
      await woken
      clearTimeout(timer)
    }
  } finally {
    unfollow()
  }
}

/** Throws RUNTIME_UNAVAILABLE with `why` when it is still there after so long. */
export const awaitGone = async (api: KubeApi, awaited: Awaited, ms: number, why: string): Promise<void> => {
  const gone = await awaitOne(api, awaited, ms, (object) => object === null || undefined)
  if (gone !== undefined) return
  throw new HoldfastError('RUNTIME_UNAVAILABLE', `${awaited.name} is not gone after ${ms / 1000} s: ${why}`)
}
