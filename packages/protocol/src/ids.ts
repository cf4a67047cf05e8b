/** The shape of every identifier, and how new ones are made. */
import { HoldfastError } from './errors.ts'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz' // Crockford base 32: no i, l, o, u

/** `length` random base-32 characters, 5 bits each. Source of randomness: Web Crypto. */
export const randomId = (length: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => ALPHABET[byte & 31]).join('')

/** `<region>-<14 characters>`: 70 random bits; the region leads so that a gateway elsewhere can tell where to send the caller. */
export const newSessionId = (region: string): string => `${region}-${randomId(14)}`
/**
 * A placement's identity within its session. A function of the fence, so that a store that forgot a placement (a failover
 * that lost a write, an old copy) comes to the same name and finds the host that runs, instead of making a second one.
 */
export const incarnationOf = (fence: number): string => String(fence)
export const newEpoch = (): string => randomId(10)

/** A session's host of one incarnation: the name is a function of both, so a second create is a conflict, not a second host. */
export const hostIdOf = (session: string, incarnation: string): string => `${session}-${incarnation}`

export const SESSION_ID = /^[a-z][a-z0-9]{0,15}-[0-9a-z]{8,20}$/
export const HOST_ID = /^[a-z][a-z0-9-]{2,62}$/

/** Returns the id, or throws BAD_REQUEST saying what an id looks like. */
export const sessionId = (text: string): string => {
  if (!SESSION_ID.test(text))
    throw new HoldfastError('BAD_REQUEST', `"${text.slice(0, 60)}" is not a session id (like "local-7f3k9m2q4x8v1a")`)
  return text
}
