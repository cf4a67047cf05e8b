/** Reaching the host of a session: resolve, dial, handshake; a cached address that fails is looked up once more. */
import type { Socket } from 'node:net'
import { type ErrorCode, HoldfastError, hasEnded } from '@holdfast/protocol'
import { GRANT_TTL_MS, type HostGrant, hostKey, sign } from '@holdfast/service-kit'
import type { AttachCaller } from './authorize.ts'
import { DialError, dial } from './dial.ts'
import { type HostAnswer, HostRefusal, type Upgrade, upgradeHost } from './handshake.ts'
import type { GatewayMetrics } from './metrics.ts'
import type { Target } from './orchestrator.ts'
import type { Resolved, Resolver, Source } from './resolve.ts'

/** Refusals of a host that are for the caller; any other one is a matter between gateway and host. */
const PASSED_ON: readonly ErrorCode[] = ['BAD_REQUEST', 'UNSUPPORTED_PROTOCOL', 'TOO_MANY', 'KICKED', 'SESSION_ENDED']

export interface OpenHostParts {
  resolver: Resolver
  masterKey: string
  metrics: GatewayMetrics
}
export interface Wanted {
  caller: AttachCaller
  session: string
  upgrade: Upgrade
  /** `cols` and `rows` of raw mode, as they came. */
  query: string
}
export interface HostLink extends HostAnswer {
  socket: Socket
  source: Source
  hostId: string
}
type Place = Target & { hostId: string; address: string }

const placeOf = ({ target }: Resolved): Place => {
  const { hostId, address, phase, session } = target
  if (phase !== 'pending' && phase !== 'starting' && hostId !== null && address !== null) {
    return { ...target, hostId, address }
  }
  if (hasEnded(phase)) throw new HoldfastError('SESSION_ENDED', `session ${session} is ${phase}`)
  throw new HoldfastError('SESSION_STARTING', `session ${session} is ${phase}`)
}

/** The address led nowhere, or to a host that is not the one meant, or that was frozen since: it may be out of date. */
const isMisled = (error: unknown, source: Source): boolean =>
  error instanceof DialError ||
  (error instanceof HostRefusal && isOfAnother(error) && !isForCaller(error)) ||
  (error instanceof HoldfastError && error.code === 'HOST_UNREACHABLE' && source === 'cache')
/** HOST_UNREACHABLE is the word of a node's door that has no such host. */
const isOfAnother = ({ status, code }: HostRefusal): boolean =>
  [401, 403, 409].includes(status) || code === 'HOST_UNREACHABLE'
const isForCaller = ({ code }: HostRefusal): boolean => code !== undefined && PASSED_ON.includes(code)

const reach = async (place: Place, source: Source, wanted: Wanted, parts: OpenHostParts): Promise<HostLink> => {
  const { caller, session, upgrade, query } = wanted
  const { hostId, address, fence, phase } = place
  const retries = parts.metrics.holdfast_gateway_dial_retries_total
  // Patience only where it can help: not with an address that may be old, nor for a session that has ended.
  const socket = await dial(address, source !== 'cache' && !hasEnded(phase), () => retries.inc())
  try {
    const body: HostGrant = {
      host: hostId,
      session,
      fence,
      op: 'attach',
      mode: caller.mode,
      principal: caller.principal,
    }
    const grant = sign(hostKey(parts.masterKey, hostId), body, GRANT_TTL_MS)
    const answer = await upgradeHost(socket, { path: `/attach${query}`, grant, upgrade })
    return { ...answer, socket, source, hostId }
  } catch (error) {
    socket.destroy()
    throw error
  }
}

const inWords = (error: unknown, place: Place): HoldfastError => {
  if (error instanceof HoldfastError) return error
  if (error instanceof HostRefusal && error.code !== undefined && isForCaller(error)) {
    return new HoldfastError(error.code, error.message)
  }
  const cause = { cause: error }
  if (hasEnded(place.phase))
    return new HoldfastError('SESSION_ENDED', `session ${place.session} is ${place.phase}`, cause)
  return new HoldfastError('HOST_UNREACHABLE', `the host of session ${place.session} does not answer`, cause)
}

/** Throws what a client is told. The socket of the link is the caller's to destroy. */
export const openHost = async (wanted: Wanted, parts: OpenHostParts): Promise<HostLink> => {
  const { caller, session } = wanted
  const attempt = async (again: boolean): Promise<HostLink> => {
    const resolved = await parts.resolver.resolve(caller, session)
    parts.metrics.holdfast_gateway_resolve_total.inc({ source: resolved.source })
    const place = placeOf(resolved)
    try {
      return await reach(place, resolved.source, wanted, parts)
    } catch (error) {
      const misled = isMisled(error, resolved.source)
      if (misled) parts.resolver.evict(caller.tenant, session)
      if (misled && again && resolved.source === 'cache') return attempt(false)
      const told = inWords(error, place)
      if (misled) parts.resolver.refuse(caller.tenant, session, told)
      throw told
    }
  }
  return attempt(true)
}
