/** From a session to its target: out of the cache, the store or the orchestrator, and the answer says which. */
import { HoldfastError } from '@holdfast/protocol'
import type { Principal } from '@holdfast/service-kit'
import type { SessionStore } from '@holdfast/session-store'
import { Cache } from './cache.ts'
import type { Locate, Target } from './orchestrator.ts'

const MAX_ENTRIES = 20_000
const TTL_MS = 3000
/** Browser tabs go on asking for sessions that are dead: for so long they are told again at no cost. */
const NEGATIVE_TTL_MS = 1000

export type Source = 'cache' | 'store' | 'orchestrator'
export interface Resolved {
  target: Target
  source: Source
}

export interface ResolveParts {
  store: Pick<SessionStore, 'get'>
  locate: Locate
  wake: Locate
}

const keyOf = (tenant: string, session: string): string => `${tenant}/${session}`
const isCode = (error: unknown, ...codes: string[]): boolean =>
  error instanceof HoldfastError && codes.includes(error.code)

export class Resolver {
  readonly #parts: ResolveParts
  readonly #targets = new Cache<Target>(MAX_ENTRIES, TTL_MS)
  /** Lookups under way, by key: clients that come back together are one question. */
  readonly #asking = new Map<string, Promise<Resolved>>()
  readonly #refusals = new Cache<HoldfastError>(MAX_ENTRIES, NEGATIVE_TTL_MS)

  constructor(parts: ResolveParts) {
    this.#parts = parts
  }

  /** Throws SESSION_NOT_FOUND (also for another tenant's), STORE_UNAVAILABLE when nobody can say, or what `refuse` was told. */
  async resolve(caller: Principal, session: string): Promise<Resolved> {
    const key = keyOf(caller.tenant, session)
    const refusal = this.#refusals.get(key)
    if (refusal?.fresh) throw refusal.value
    const cached = this.#targets.get(key)
    if (cached?.fresh) return { target: cached.value, source: 'cache' }
    try {
      const found = await this.#askOnce(key, caller, session)
      // Only what can be dialled is kept: a session that is starting shall be found the moment it runs.
      if (found.target.phase === 'running' && found.target.address !== null) this.#targets.set(key, found.target)
      return found
    } catch (error) {
      if (isCode(error, 'SESSION_NOT_FOUND')) this.refuse(caller.tenant, session, error as HoldfastError)
      // An old address is better than none: the host itself refuses a stale grant.
      if (isCode(error, 'STORE_UNAVAILABLE') && cached) return { target: cached.value, source: 'cache' }
      throw error
    }
  }

  /** The cached address did not answer. */
  evict(tenant: string, session: string): void {
    this.#targets.delete(keyOf(tenant, session))
  }

  /** The next requests for this session get the same error, for a second. */
  refuse(tenant: string, session: string, error: HoldfastError): void {
    this.#targets.delete(keyOf(tenant, session))
    this.#refusals.set(keyOf(tenant, session), error)
  }

  #askOnce(key: string, caller: Principal, session: string): Promise<Resolved> {
    const asking = this.#asking.get(key) ?? this.#ask(caller, session).finally(() => this.#asking.delete(key))
    this.#asking.set(key, asking)
    return asking
  }

  /** Whoever attaches to a suspended session wakes it. */
  async #ask(caller: Principal, session: string): Promise<Resolved> {
    const found = await this.#find(caller, session)
    if (found.target.phase !== 'suspended') return found
    return { target: await this.#parts.wake(caller, session), source: 'orchestrator' }
  }

  async #find(caller: Principal, session: string): Promise<Resolved> {
    const record = await this.#parts.store.get(caller.tenant, session).catch((error: unknown) => {
      if (isCode(error, 'STORE_UNAVAILABLE')) return undefined
      throw error
    })
    if (record) {
      const { tenant, id, hostId, address, fence, phase } = record
      return { target: { tenant, session: id, hostId, address, fence, phase }, source: 'store' }
    }
    // Also when the store knows nothing: it may have been emptied, and not seen is not gone.
    const target = await this.#parts.locate(caller, session).catch((error: unknown) => {
      if (record === undefined && isCode(error, 'ORCHESTRATOR_UNAVAILABLE')) throw storeDown(error)
      throw error
    })
    if (target.tenant !== caller.tenant) throw new HoldfastError('SESSION_NOT_FOUND', `no session ${session}`)
    return { target, source: 'orchestrator' }
  }
}

const storeDown = (cause: unknown): HoldfastError =>
  new HoldfastError('STORE_UNAVAILABLE', 'neither Redis nor the orchestrator answers', { cause })
