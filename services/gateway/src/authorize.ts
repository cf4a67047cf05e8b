/** Who calls: by API key, by the console's cookie, or by a ticket for one session. */
import type { IncomingHttpHeaders } from 'node:http'
import { HoldfastError } from '@holdfast/protocol'
import { bearer, cookieKey, type Principal, sign, verify } from '@holdfast/service-kit'
import type { SessionStore } from '@holdfast/session-store'
import type { KeyRow, Keys } from './keys.ts'

export const COOKIE_TTL_MS = 12 * 60 * 60 * 1000
const COOKIE = /(?:^|;\s*)holdfast=([^;\s]+)/

export interface Caller extends Principal {
  credential: 'key' | 'cookie' | 'ticket'
}
export interface AttachCaller extends Caller {
  mode: 'rw' | 'ro'
}

const callerOf = ({ principal, tenant, role }: KeyRow, credential: Caller['credential']): Caller => ({
  principal,
  tenant,
  role,
  credential,
})

export class Authorizer {
  readonly #keys: Keys
  readonly #store: Pick<SessionStore, 'takeTicket'>
  readonly #cookieKey: string

  constructor(keys: Keys, store: Pick<SessionStore, 'takeTicket'>, masterKey: string) {
    this.#keys = keys
    this.#store = store
    this.#cookieKey = cookieKey(masterKey)
  }

  /** Throws UNAUTHENTICATED. A key that is given decides, even beside a valid cookie. */
  caller(headers: IncomingHttpHeaders): Caller {
    const key = bearer(headers.authorization)
    const cookie = COOKIE.exec(headers.cookie ?? '')?.[1]
    if (headers.authorization === undefined && cookie !== undefined) return this.#byCookie(cookie)
    const row = key === undefined ? undefined : this.#keys.byKey(key)
    if (row === undefined) throw new HoldfastError('UNAUTHENTICATED', 'no valid API key came with the request')
    return callerOf(row, 'key')
  }

  /** For one session. A ticket is used up by this, whatever becomes of the attachment. */
  async attachCaller(headers: IncomingHttpHeaders, ticket: string | undefined, session: string): Promise<AttachCaller> {
    if (ticket === undefined) return { ...this.caller(headers), mode: 'rw' }
    const grant = await this.#store.takeTicket(ticket)
    if (grant === null) throw new HoldfastError('UNAUTHENTICATED', 'the ticket is unknown, expired or used up')
    if (grant.session !== session) throw new HoldfastError('FORBIDDEN', 'the ticket is for another session')
    const { principal, tenant, mode } = grant
    return { principal, tenant, mode, role: 'user', credential: 'ticket' }
  }

  /** The value of the console's cookie; throws UNAUTHENTICATED. It names the key, so it dies with the key. */
  login(key: string): { cookie: string; caller: Caller } {
    const row = this.#keys.byKey(key)
    if (row === undefined) throw new HoldfastError('UNAUTHENTICATED', 'the API key is not valid')
    return { cookie: sign(this.#cookieKey, { key: row.id }, COOKIE_TTL_MS), caller: callerOf(row, 'cookie') }
  }

  #byCookie(cookie: string): Caller {
    const { body } = verify<{ key: string }>(this.#cookieKey, cookie)
    const row = this.#keys.byId(body.key)
    if (row === undefined) throw new HoldfastError('UNAUTHENTICATED', 'the API key of this login was withdrawn')
    return callerOf(row, 'cookie')
  }
}
