/** Notices that the kernel killed a process of this control group for want of memory. */
import { readFileSync } from 'node:fs'

/** Both list `oom_kill <count>`: cgroup v2, then v1 (kernel documentation, admin-guide/cgroup-v2 and cgroup-v1/memory). */
export const OOM_COUNTERS = ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control'] as const
const POLL_MS = 1_000

const readCount = (path: string): number | null => {
  try {
    const count = /^oom_kill (\d+)$/m.exec(readFileSync(path, 'utf8'))?.[1]
    return count === undefined ? null : Number(count)
  } catch {
    return null // another cgroup version, or none
  }
}

export class OomWatch {
  readonly #path: string | undefined
  readonly #onKills: (kills: number) => void
  readonly #timer: NodeJS.Timeout | undefined
  #seen = 0

  constructor(counters: readonly string[], onKills: (kills: number) => void) {
    this.#path = counters.find((path) => readCount(path) !== null)
    this.#onKills = onKills
    if (this.#path === undefined) return
    this.#seen = readCount(this.#path) ?? 0
    this.#timer = setInterval(() => this.check(), POLL_MS)
    this.#timer.unref()
  }

  /** Looks now; tells how many kills are new. */
  check(): void {
    const count = this.#path === undefined ? null : readCount(this.#path)
    if (count === null || count <= this.#seen) return
    const kills = count - this.#seen
    this.#seen = count
    this.#onKills(kills)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
