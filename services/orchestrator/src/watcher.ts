/** Keeps one status stream open to the host of every running session: memory stays fresh, and an exit is seen at once. */
import { setTimeout as delay } from 'node:timers/promises'
import { type HostStatus, sameAgent } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import { type Domain, refOf, targetOf } from './domain.ts'
import type { Target } from './host-client.ts'

export interface Watcher {
  /** Starts, keeps or ends the stream, as the record demands. */
  follow(record: SessionRecord): void
  forget(id: string): void
  close(): void
}

type WatcherParts = Pick<Domain, 'hosts' | 'live' | 'jobs' | 'metrics' | 'logger'>

const BACKOFF_MS = { first: 100, longest: 5_000 }

/** Changes that the record itself must hear of. */
const matters = (before: HostStatus | null, status: HostStatus): boolean =>
  status.exit !== null ||
  (before === null
    ? status.expiring !== null || status.agent !== null
    : before.oomKills !== status.oomKills || !sameEnd(before, status) || !sameAgent(before.agent, status.agent))

const sameEnd = (before: HostStatus, status: HostStatus): boolean =>
  before.expiring?.at === status.expiring?.at && before.expiring?.because === status.expiring?.because

/** True when the stream ended with the session. */
const readStream = async (parts: WatcherParts, record: SessionRecord, target: Target, signal: AbortSignal) => {
  let heardOf = false
  const open = parts.metrics.holdfast_orchestrator_watch_streams
  try {
    for await (const status of parts.hosts.watch(target, signal)) {
      if (!heardOf) open.inc()
      heardOf = true
      const before = parts.live.get(record.id)?.status ?? null
      parts.live.heard(record.id, status)
      if (matters(before, status)) await parts.jobs.converge(refOf(record))
      if (status.exit !== null) return { exited: true, heardOf }
    }
  } catch (error) {
    parts.logger.debug({ err: error, session: record.id }, 'watch broke')
  } finally {
    if (heardOf) open.dec()
  }
  return { exited: false, heardOf }
}

const watch = async (
  parts: WatcherParts,
  record: SessionRecord,
  target: Target,
  signal: AbortSignal,
): Promise<void> => {
  let pauseMs = BACKOFF_MS.first
  let silent = false
  while (!signal.aborted) {
    const { exited, heardOf } = await readStream(parts, record, target, signal)
    if (exited || signal.aborted) return
    if (heardOf) pauseMs = BACKOFF_MS.first
    // Once for every silence: what it means is found out by the converge, which looks again by itself.
    if (heardOf || !silent) await parts.jobs.converge(refOf(record))
    silent = true
    await delay(pauseMs, undefined, { signal }).catch(() => {})
    pauseMs = Math.min(pauseMs * 2, BACKOFF_MS.longest)
  }
}

export const createWatcher = (parts: WatcherParts): Watcher => {
  const streams = new Map<string, { hostId: string; abort: AbortController }>()
  let closed = false
  const forget = (id: string): void => {
    streams.get(id)?.abort.abort()
    streams.delete(id)
  }
  return {
    forget,
    follow: (record) => {
      const target = targetOf(record)
      const watched = streams.get(record.id)
      const wanted = record.phase === 'running' && target !== null && !closed
      if (!wanted || watched?.hostId !== target.hostId) forget(record.id)
      if (!wanted || streams.has(record.id)) return
      const stream = { hostId: target.hostId, abort: new AbortController() }
      streams.set(record.id, stream)
      void watch(parts, record, target, stream.abort.signal).finally(() => {
        if (streams.get(record.id) === stream) streams.delete(record.id)
      })
    },
    close: () => {
      closed = true
      for (const id of [...streams.keys()]) forget(id)
    },
  }
}
