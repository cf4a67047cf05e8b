/** What operators said of the nodes: kept in Redis for all replicas, and by every replica for the day Redis is emptied. */
import { HoldfastError, type NodeSpec } from '@holdfast/protocol'
import type { NodeStore } from '@holdfast/session-store'
import { newsOf } from './node-news.ts'

export interface NodeFlags {
  cordoned: boolean
  /** Sessions without a viewer that are idle for so long are ended; null: every session is waited for. `since`: ISO 8601. */
  draining: { endIdleSeconds: number | null; since: string } | null
}
export interface Words {
  /** Nodes added by API, besides those of the file. */
  added: readonly NodeSpec[]
  flags: Readonly<Record<string, NodeFlags>>
  /** ISO 8601. */
  maintenance: { since: string } | null
}

export interface NodeWords {
  /** As last read. */
  now(): Words
  rev(): number
  /** Reads what other replicas wrote; an emptied or older store gets back what this one knows. Throws STORE_UNAVAILABLE. */
  sync(): Promise<void>
  change(next: (words: Words) => Words): Promise<void>
}

const NOTHING: Words = { added: [], flags: {}, maintenance: null }
/** Attempts against other writers. */
const TRIES = 5

/** `onLost` is awaited before the store gets back what it lost. */
export const createNodeWords = (store: NodeStore, onLost: () => Promise<void>): NodeWords => {
  let words = NOTHING
  let rev = 0
  const save = async (read: number, next: Words): Promise<boolean> => {
    const nextRev = Math.max(read, rev) + 1
    if (!(await store.save(read, nextRev, JSON.stringify(next), newsOf(words, next)))) return false
    words = next
    rev = nextRev
    return true
  }
  const sync = async (): Promise<void> => {
    const stored = await store.load()
    if (stored.document !== null && stored.rev >= rev) {
      words = JSON.parse(stored.document) as Words
      rev = stored.rev
      return
    }
    if (rev > 0) await onLost()
    // Whoever comes second finds what the first one wrote at the next beat.
    await save(stored.rev, words)
  }
  return {
    now: () => words,
    rev: () => rev,
    sync,
    change: async (next) => {
      for (let tries = 1; tries <= TRIES; tries++) {
        await sync()
        if (await save(rev, next(words))) return
      }
      throw new HoldfastError('STALE', 'the nodes are being changed by others; try again')
    },
  }
}
