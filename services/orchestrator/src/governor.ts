/** Bounds how much the reconciler may remove on its own: a mistake must stay small enough to be noticed. */

/** Removals a minute: this many, or the share of all hosts, whichever is more. */
const LEAST = 5
const SHARE = 0.02
const WINDOW_MS = 60_000

export interface Governor {
  /** True when one more removal is allowed now, with this many hosts in all; counts it. */
  allow(hosts: number): boolean
}

export const createGovernor = (now: () => number = Date.now): Governor => {
  let removals: number[] = []
  return {
    allow: (hosts) => {
      const since = now() - WINDOW_MS
      removals = removals.filter((at) => at > since)
      if (removals.length >= Math.max(LEAST, Math.floor(hosts * SHARE))) return false
      removals.push(now())
      return true
    },
  }
}
