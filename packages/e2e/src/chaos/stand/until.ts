/** Waiting with an end: polls until something holds, and says what it waited for when it never does. */
import { setTimeout as delay } from 'node:timers/promises'

const LOOK_MS = 25

/** Resolves with the first value other than false or undefined; rejects after `seconds`. */
export const until = async <T>(
  what: string,
  condition: () => Promise<T | false | undefined> | T | false | undefined,
  seconds: number,
): Promise<T> => {
  for (const end = Date.now() + seconds * 1000; ; await delay(LOOK_MS)) {
    const value = await condition()
    if (value !== false && value !== undefined) return value
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`)
  }
}

/** The promise, or a rejection that names it. */
export const within = async <T>(what: string, seconds: number, promise: Promise<T>): Promise<T> => {
  const enough = new AbortController()
  const late = delay(seconds * 1000, undefined, { signal: enough.signal }).then(() => {
    throw new Error(`not within ${seconds} s: ${what}`)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    enough.abort()
    late.catch(() => undefined)
  }
}

export const secondsSince = (begin: number): number => Math.round((performance.now() - begin) / 10) / 100
