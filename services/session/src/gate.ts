/** Who may do what on this host: checks the signed, short-lived grants that gateway and orchestrator bring. */
import { type Claim, HoldfastError } from '@holdfast/protocol'
import { bearer, type HostGrant, verify } from '@holdfast/service-kit'

export interface Admission {
  grant: HostGrant
  /** Unix time (ms). All grants are good for the same time, so the one that expires first was given first. */
  expires: number
  /** Makes a grant that is good for one use worthless; throws UNAUTHENTICATED when it was used before. */
  spend(): void
}

export class Gate {
  readonly #hostId: string
  readonly #key: string
  /** Used grants by id, with the Unix time (ms) after which they are refused anyway. */
  readonly #spent = new Map<string, number>()
  /** The newest placement that a grant for this host spoke of. */
  #newest = 0

  constructor(hostId: string, key: string) {
    this.#hostId = hostId
    this.#key = key
  }

  /**
   * Throws UNAUTHENTICATED, FORBIDDEN (another host, session or operation) or STALE: an older placement than the host's own,
   * or than one it has heard of. Once a grant of a newer placement came, this host is left over from an older one (its node
   * was away) and serves nobody any more: only who knows of the newer one may still look at it and stop it.
   */
  admit(
    authorization: string | undefined,
    op: HostGrant['op'],
    claim: Pick<Claim, 'session' | 'fence'> | null,
  ): Admission {
    const token = bearer(authorization)
    if (token === undefined) throw new HoldfastError('UNAUTHENTICATED', 'a grant is needed: Authorization: Bearer …')
    const { body: grant, id, expires } = verify<HostGrant>(this.#key, token)
    if (grant.host !== this.#hostId) throw new HoldfastError('FORBIDDEN', 'the grant is for another host')
    if (grant.op !== op) throw new HoldfastError('FORBIDDEN', `the grant is for "${grant.op}", not for "${op}"`)
    if (claim !== null) {
      if (grant.session !== claim.session) throw new HoldfastError('FORBIDDEN', 'the grant is for another session')
      this.#newest = Math.max(this.#newest, claim.fence, grant.fence)
      if (grant.fence < this.#newest) throw new HoldfastError('STALE', 'the grant is for an older placement')
      if (op === 'attach' && grant.fence > claim.fence)
        throw new HoldfastError('STALE', 'the session was placed anew elsewhere')
    }
    return { grant, expires, spend: () => this.#spend(id, expires) }
  }

  #spend(id: string, expires: number): void {
    const now = Date.now()
    for (const [other, end] of this.#spent) if (end <= now) this.#spent.delete(other)
    if (this.#spent.has(id)) throw new HoldfastError('UNAUTHENTICATED', 'the grant was used before')
    this.#spent.set(id, expires)
  }
}
