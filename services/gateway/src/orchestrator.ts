/** Asking the orchestrator where a session is: it knows from memory, also while Redis is down. */
import { ERRORS, type ErrorCode, HoldfastError, PHASES, type Phase } from '@holdfast/protocol'
import { GRANT_TTL_MS, type Principal, serviceKey, sign } from '@holdfast/service-kit'

const TIMEOUT_MS = 2000
/** The orchestrator waits 20 s for the session to run. */
const WAKE_TIMEOUT_MS = 25_000

/** Where a session lives: what is needed to dial its host and to be let in. */
export interface Target {
  tenant: string
  session: string
  hostId: string | null
  address: string | null
  fence: number
  phase: Phase
}

export type Locate = (caller: Principal, session: string) => Promise<Target>

/** The token by which the orchestrator knows on whose behalf the gateway calls. */
export const principalToken = (masterKey: string, { principal, tenant, role }: Principal): string =>
  sign<Principal>(serviceKey(masterKey), { principal, tenant, role }, GRANT_TTL_MS)

const isText = (value: unknown): value is string | null => value === null || typeof value === 'string'

const readTarget = (answer: unknown): Target => {
  const { tenant, session, hostId, address, fence, phase } = answer as Record<string, unknown>
  const known = PHASES.find((name) => name === phase)
  if (typeof tenant !== 'string' || typeof session !== 'string' || typeof fence !== 'number' || known === undefined) {
    throw new Error('the answer is no target')
  }
  if (!isText(hostId) || !isText(address)) throw new Error('the answer is no target')
  return { tenant, session, hostId, address, fence, phase: known }
}

const refusal = (answer: unknown): HoldfastError | undefined => {
  const { code, detail } = (answer ?? {}) as { code?: unknown; detail?: unknown }
  if (typeof code !== 'string' || !(code in ERRORS)) return undefined
  return new HoldfastError(code as ErrorCode, typeof detail === 'string' ? detail : code)
}

const isFor = (error: unknown, codes: readonly ErrorCode[]): boolean =>
  error instanceof HoldfastError && codes.includes(error.code)

const asker = (
  url: string,
  masterKey: string,
  ask: { method: string; path: string; maxMs: number; told: ErrorCode[] },
): Locate => {
  const call = async (caller: Principal, session: string): Promise<Target> => {
    const response = await fetch(new URL(`/internal/${ask.path}/${session}`, url), {
      method: ask.method,
      headers: { authorization: `Bearer ${principalToken(masterKey, caller)}` },
      signal: AbortSignal.timeout(ask.maxMs),
    })
    const answer: unknown = await response.json()
    if (response.ok) return readTarget(answer)
    throw refusal(answer) ?? new Error(`HTTP ${response.status}`)
  }
  return (caller, session) =>
    call(caller, session).catch((error: unknown) => {
      if (isFor(error, ask.told)) throw error
      throw new HoldfastError('ORCHESTRATOR_UNAVAILABLE', 'the orchestrator does not say where the session is', {
        cause: error,
      })
    })
}

/** The function throws SESSION_NOT_FOUND, or ORCHESTRATOR_UNAVAILABLE when there is no sound answer within two seconds. */
export const newLocate = (url: string, masterKey: string): Locate =>
  asker(url, masterKey, { method: 'GET', path: 'resolve', maxMs: TIMEOUT_MS, told: ['SESSION_NOT_FOUND'] })

/** Lets a suspended session run again; the answer comes when it does, or shows how far it is after 20 s. Throws as above. */
export const newWake = (url: string, masterKey: string): Locate =>
  asker(url, masterKey, { method: 'POST', path: 'wake', maxMs: WAKE_TIMEOUT_MS, told: ['SESSION_NOT_FOUND'] })
