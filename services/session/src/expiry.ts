/** When a session's time is over, by its time to live or by idleness: viewers are warned, the status says so. It ends nothing itself. */
import type { HostStatus, IdleAction, TimeLimits } from '@holdfast/protocol'
import type { Activity } from './activity.ts'

export interface ExpiryEvents {
  /** For all viewers. */
  onWarning(text: string): void
  /** `expiring` has changed. */
  onChange(): void
}

interface End {
  because: 'ttl' | 'idle'
  /** Unix time, milliseconds. */
  atMs: number
  /** From the start of the limit to its end. */
  wholeMs: number
}

/** Before the end; a life that is shorter than any of them is warned at half of it. */
const WARNINGS_MS = [300_000, 60_000]
/** setTimeout takes 24.8 days at most. */
const LONGEST_WAIT_MS = 86_400_000

const warningsOf = ({ wholeMs }: End): number[] => {
  const fitting = WARNINGS_MS.filter((ms) => ms < wholeMs)
  return fitting.length > 0 ? fitting : [wholeMs / 2]
}

const inWords = (ms: number): string => {
  const seconds = Math.round(ms / 1000)
  const [count, unit] = seconds < 60 ? [seconds, 'second'] : [Math.round(seconds / 60), 'minute']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

const ADVICE = {
  ttl: 'its time to live is over then; `holdfast extend` gives it more',
  idle: 'nothing happens in it; typing keeps it',
} as const
const FATE = { stop: 'ends', suspend: 'is suspended' } as const

export class Expiry {
  readonly #activity: Activity
  readonly #events: ExpiryEvents
  readonly #idleAction: IdleAction
  #limits: TimeLimits
  #setAt = Date.now()
  #timer: NodeJS.Timeout | undefined
  /** How many warnings were given of which end. */
  #warned: { because: End['because'] | null; count: number } = { because: null, count: 0 }
  #expiring: HostStatus['expiring'] = null

  constructor(claim: TimeLimits & { idleAction: IdleAction }, activity: Activity, events: ExpiryEvents) {
    this.#activity = activity
    this.#idleAction = claim.idleAction
    this.#events = events
    this.#limits = claim
    this.#look()
  }

  get expiring(): HostStatus['expiring'] {
    return this.#expiring
  }

  set(limits: TimeLimits): void {
    this.#limits = limits
    this.#setAt = Date.now()
    this.#look()
  }

  /** There was activity: an end by idleness that was near is so no longer. */
  active(): void {
    if (this.#expiring?.because === 'idle') this.#look()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#expiring = null
  }

  /** The earlier of the two. */
  #end(): End | null {
    const { expiresAt, idleSeconds } = this.#limits
    const ends: End[] = []
    if (expiresAt !== null) {
      const atMs = Date.parse(expiresAt)
      ends.push({ because: 'ttl', atMs, wholeMs: atMs - this.#setAt })
    }
    if (idleSeconds !== null) {
      const wholeMs = idleSeconds * 1000
      ends.push({ because: 'idle', atMs: Date.parse(this.#activity.latest.at) + wholeMs, wholeMs })
    }
    return ends.sort((a, b) => a.atMs - b.atMs)[0] ?? null
  }

  #look(): void {
    clearTimeout(this.#timer)
    const end = this.#end()
    const leftMs = end === null ? Number.POSITIVE_INFINITY : end.atMs - Date.now()
    const warnings = end === null ? [] : warningsOf(end)
    const passed = warnings.filter((ms) => leftMs <= ms).length
    this.#tell(passed > 0 ? end : null, leftMs, passed)
    const next = [...warnings, 0].find((ms) => leftMs > ms)
    if (end === null || next === undefined) return
    this.#timer = setTimeout(() => this.#look(), Math.min(leftMs - next, LONGEST_WAIT_MS))
    this.#timer.unref()
  }

  /** `end`: the one that is near, if one is; `passed`: how many of its warnings are due. */
  #tell(end: End | null, leftMs: number, passed: number): void {
    const before = this.#expiring
    const known = this.#warned.because === end?.because ? this.#warned.count : 0
    this.#warned = { because: end?.because ?? null, count: passed }
    this.#expiring = end && { at: new Date(end.atMs).toISOString(), because: end.because, due: leftMs <= 0 }
    if (end !== null && passed > known) {
      const fate = FATE[end.because === 'idle' ? this.#idleAction : 'stop']
      this.#events.onWarning(`this session ${fate} in ${inWords(Math.max(leftMs, 0))}: ${ADVICE[end.because]}`)
    }
    if (JSON.stringify(before) !== JSON.stringify(this.#expiring)) this.#events.onChange()
  }
}
