/** Short-lived signed permissions between our own parts: a gateway or orchestrator to a session host, a gateway to the orchestrator. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { HoldfastError, randomId } from '@holdfast/protocol'

/** What a session host lets its bearer do. `attach`: one live view. `manage`: claim, status, automation, stop. */
export interface HostGrant {
  host: string
  session: string
  fence: number
  op: 'attach' | 'manage'
  mode: 'rw' | 'ro'
  principal: string
}

/** What an orchestrator has a node's door do on that machine: in the directory of one host, or look how full it is. */
export type DoorOrder =
  | { op: 'make' | 'seal' | 'assigned' | 'remove' | 'removeEmpty'; host: string }
  | { op: 'assign'; host: string; labels: Readonly<Record<string, string>> }
  | { op: 'pressure' }
/** The one path that a door answers itself; every other request is for a session host. */
export const DOOR_PATH = '/door'

/** Who calls, as the gateway found out; what the orchestrator trusts. */
export interface Principal {
  principal: string
  tenant: string
  /** `operator` may also see every tenant's sessions and act on nodes. */
  role: 'user' | 'operator'
}

interface Envelope<T> {
  body: T
  /** Unix time, milliseconds. */
  expires: number
  id: string
}

export const GRANT_TTL_MS = 30_000

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** The only secret a session host holds, hex: HMAC-SHA256 of the master key and the host's id. It opens no other host. */
export const hostKey = (masterKey: string, hostId: string): string => hmac(masterKey, `host:${hostId}`).toString('hex')
/** The only secret the door of a node holds, hex: it signs orders for that door, and opens no host. */
export const doorKey = (masterKey: string, node: string): string => hmac(masterKey, `door:${node}`).toString('hex')
/** Key for calls from a gateway to the orchestrator, hex. */
export const serviceKey = (masterKey: string): string => hmac(masterKey, 'service').toString('hex')
/** Key for the console's session cookie, hex. */
export const cookieKey = (masterKey: string): string => hmac(masterKey, 'cookie').toString('hex')

/** `<base64url JSON>.<base64url HMAC-SHA256>`. */
export const sign = <T>(key: string, body: T, ttlMs: number, now = Date.now()): string => {
  const envelope: Envelope<T> = { body, expires: now + ttlMs, id: randomId(16) }
  const text = Buffer.from(JSON.stringify(envelope)).toString('base64url')
  return `${text}.${hmac(key, text).toString('base64url')}`
}

const unauthenticated = (why: string): HoldfastError => new HoldfastError('UNAUTHENTICATED', why)

/** Whoever holds the key may still sign what is no envelope, such as a version that is not ours. */
const opened = <T>(text: string): Envelope<T> => {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    throw unauthenticated('the token holds no JSON')
  }
  const { body, expires, id } = (value ?? {}) as Partial<Envelope<T>>
  if (body === undefined || typeof expires !== 'number' || typeof id !== 'string') {
    throw unauthenticated('the token is no envelope of ours')
  }
  return { body, expires, id }
}

/** Checks signature, then time. Throws UNAUTHENTICATED; says why, never what the key or signature is. */
export const verify = <T>(key: string, token: string, now = Date.now()): { body: T; id: string; expires: number } => {
  const [text = '', signature = '', ...rest] = token.split('.')
  // Compared as text: the same bytes have several spellings in base64url, and a token must have one.
  const want = Buffer.from(hmac(key, text).toString('base64url'))
  const got = Buffer.from(signature)
  if (rest.length > 0 || got.length !== want.length || !timingSafeEqual(got, want)) {
    throw unauthenticated('the signature is not ours')
  }
  const envelope = opened<T>(text)
  if (envelope.expires <= now) throw unauthenticated('expired')
  return envelope
}

/** The host that a token claims to be for, unverified: good for finding that host, which checks the token itself. */
export const claimedHost = (token: string): string | undefined => {
  try {
    const { body } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { body?: unknown }
    const { host } = body as { host?: unknown }
    return typeof host === 'string' ? host : undefined
  } catch {
    return undefined
  }
}

/** The token of an `Authorization: Bearer …` header, or undefined. */
export const bearer = (header: string | undefined): string | undefined => /^Bearer ([^\s]+)$/i.exec(header ?? '')?.[1]
