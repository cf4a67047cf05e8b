/** The status as a stream of lines: at once, on every change, sometimes while there is activity, and as a heartbeat. */
import type { HostStatus } from '@holdfast/protocol'
import type { Host } from './host.ts'

/** A change waits this long for others that come with it. */
const CHANGE_MS = 20
const ACTIVITY_MS = 5_000
const HEARTBEAT_MS = 15_000

/** Calls `tell` until the signal aborts. */
export const watchStatus = (host: Host, tell: (status: HostStatus) => void, ended: AbortSignal): void => {
  let lastAt = 0
  let dueAt = Number.POSITIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  const speak = () => {
    clearTimeout(timer)
    tell(host.status())
    lastAt = Date.now()
    dueAt = Number.POSITIVE_INFINITY
    speakAt(lastAt + HEARTBEAT_MS)
  }
  const speakAt = (at: number) => {
    if (at >= dueAt) return
    dueAt = at
    clearTimeout(timer)
    timer = setTimeout(speak, at - Date.now())
  }
  const changed = () => speakAt(Date.now() + CHANGE_MS)
  const active = () => speakAt(lastAt + ACTIVITY_MS)
  speak()
  ended.addEventListener('abort', () => clearTimeout(timer))
  void host.claimed.then(({ events }) => {
    if (ended.aborted) return
    changed()
    events.on('change', changed)
    events.on('activity', active)
    ended.addEventListener('abort', () => {
      events.off('change', changed)
      events.off('activity', active)
    })
  })
}
