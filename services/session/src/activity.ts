/** When something last happened in a session, and what. Costs nothing where no idle limit asks for it. */
import type { ActivityCause, Activity as LastActivity } from '@holdfast/protocol'

export interface Signs {
  /** Unix time of the last input or output, milliseconds. */
  bytesAt(): number
  /** CPU time of all processes so far, milliseconds. */
  cpuMs(): number
  /** A job of the shell has the terminal and takes no keys. */
  hasJob(): boolean
}

/** A look reads all of /proc, which takes milliseconds on a busy machine. */
const LOOK_MS = 10_000
/** Share of one core. A shell at its prompt takes none, an editor with its language servers 1 to 3 %. */
const BUSY_SHARE = 0.05
/** Of a short limit four looks, so that one that comes late does no harm. */
const LOOKS = 4

export class Activity {
  readonly #signs: Signs
  readonly #onActivity: () => void
  #at = Date.now()
  #because: ActivityCause = 'start'
  #timer: NodeJS.Timeout | undefined
  /** At the last look; monotonic. */
  #seen = { cpuMs: 0, atMs: 0 }

  /** `onActivity`: something was noted; bytes are told by their stream. */
  constructor(signs: Signs, idleSeconds: number | null, onActivity: () => void) {
    this.#signs = signs
    this.#onActivity = onActivity
    this.watch(idleSeconds)
  }

  get latest(): LastActivity {
    const bytesAt = Math.round(this.#signs.bytesAt())
    const at = new Date(Math.max(bytesAt, this.#at)).toISOString()
    return { at, because: bytesAt > this.#at ? 'bytes' : this.#because }
  }

  note(because: ActivityCause): void {
    this.#at = Date.now()
    this.#because = because
    this.#onActivity()
  }

  /** Looks at the processes from time to time; null: no longer. */
  watch(idleSeconds: number | null): void {
    this.stop()
    if (idleSeconds === null) return
    this.#seen = { cpuMs: this.#signs.cpuMs(), atMs: performance.now() }
    this.#timer = setInterval(() => this.#look(), Math.min(LOOK_MS, (idleSeconds * 1000) / LOOKS))
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const now = { cpuMs: this.#signs.cpuMs(), atMs: performance.now() }
    const share = (now.cpuMs - this.#seen.cpuMs) / (now.atMs - this.#seen.atMs)
    this.#seen = now
    if (share > BUSY_SHARE) this.note('cpu')
    else if (this.#signs.hasJob()) this.note('job')
  }
}
