/** What must go on without BullMQ: hearing of changes, noticing an emptied or returned store, putting lost schedules back. */
import { setTimeout as delay } from 'node:timers/promises'
import type { StoreHint } from '@holdfast/session-store'
import type { Domain } from './domain.ts'
import type { Watcher } from './watcher.ts'

export interface Pulse {
  /** Beats once, then again and again. */
  start(): Promise<void>
  stop(): Promise<void>
}

interface PulseParts {
  domain: Domain
  watcher: Watcher
  recover: () => Promise<boolean>
  reconcile: () => Promise<void>
  tellNodes: () => Promise<void>
}

const PULSE_MS = 5_000
/** Our own writes are announced to us too, often before Redis's reply to them: time for that reply, milliseconds. */
const REPLY_MS = 20

/** Follows what other replicas write and remove; our own writes are known already. */
const followEvent = async ({ domain, watcher }: PulseParts, event: StoreHint): Promise<void> => {
  const { store, live, changes } = domain
  changes.emit(event)
  if (event.type === 'nodes') return
  const isKnown = () => (live.get(event.id)?.record.rev ?? 0) >= event.rev
  if (!isKnown()) await delay(REPLY_MS)
  if (isKnown()) return
  const known = live.get(event.id)
  if ((await store.get(event.tenant, event.id)) !== null || known === undefined) return
  live.remove(event.id)
  watcher.forget(event.id)
}

export const createPulse = (parts: PulseParts): Pulse => {
  const { store, jobs, nodes, placer, logger } = parts.domain
  let unsubscribe: (() => Promise<void>) | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let away = false

  const beat = async (): Promise<void> => {
    try {
      unsubscribe ??= await store.subscribe((event) => void followEvent(parts, event).catch(() => {}))
      await parts.recover()
      await nodes.sync()
      await placer.refresh()
      await parts.tellNodes()
      await jobs.ensureSchedules()
      await jobs.measure()
      // Wake-ups were lost while it was away: everything is looked at once.
      if (away || jobs.takeMissed()) await parts.reconcile()
      away = false
    } catch (error) {
      if (!away) logger.warn({ err: error }, 'the store or the queue is away')
      away = true
    }
  }

  const go = async (): Promise<void> => {
    await beat()
    if (!stopped) timer = setTimeout(() => void go(), PULSE_MS)
  }

  return {
    start: go,
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await unsubscribe?.().catch(() => {})
    },
  }
}
