/** Puts sessions back into the index from what runs: labels say whose a host is, the host says what it runs. */
import type { ClaimIdentity, HostStatus } from '@holdfast/protocol'
import { type HostInfo, LABEL, type Runtime } from '@holdfast/runtime'
import type { SessionRecord } from '@holdfast/session-store'
import { withCondition } from './conditions.ts'
import type { Domain } from './domain.ts'
import { findDeathNote, TAIL_BYTES } from './host-words.ts'

/** What our own labels say: set by us at creation and out of reach of the session. */
export interface Identity {
  session: string
  tenant: string
  incarnation: string
  fence: number
}
export const identityOf = ({ labels }: HostInfo): Identity | null => {
  const session = labels[LABEL.session]
  const tenant = labels[LABEL.tenant]
  const fence = Number(labels[LABEL.fence])
  if (session === undefined || tenant === undefined || !Number.isInteger(fence)) return null
  return { session, tenant, incarnation: labels[LABEL.incarnation] ?? '', fence }
}

export interface Found {
  info: HostInfo
  identity: Identity
  runtime: Runtime
}

/** The record as it was when its host was claimed. */
const rebuilt = (domain: Domain, { info, identity, runtime }: Found, claim: ClaimIdentity): SessionRecord => {
  const template = domain.templates.find(claim.template)
  const { session: _session, tenant: _tenant, principal, incarnation: _incarnation, fence: _fence, ...spec } = claim
  return {
    id: identity.session,
    tenant: identity.tenant,
    principal,
    phase: 'running',
    rev: 1,
    incarnation: identity.incarnation,
    fence: identity.fence,
    spec: { ...spec, env: {} },
    image: template?.image ?? '',
    network: template?.network ?? true,
    limits: {},
    runtime: runtime.kind,
    node: info.node,
    hostId: info.hostId,
    address: info.address,
    conditions: withCondition([], 'Reachable', 'True', ''),
    reason: null,
    forget: false,
    createdAt: claim.createdAt,
    startedAt: info.createdAt,
    endedAt: null,
    exitCode: null,
    signal: null,
    deadline: null,
  }
}

/** Memory of this replica knows more than the host: use it when it speaks of the same incarnation. */
const remembered = (domain: Domain, { identity, info }: Found): SessionRecord | null => {
  const known = domain.live.get(identity.session)?.record
  if (known === undefined || known.fence !== identity.fence || known.hostId !== info.hostId) return null
  return known.phase === 'running' || known.phase === 'stopping' ? known : null
}

/** Into the index as running, or stopping: an exit is found and recorded by the converge that follows, screen and all. */
const adopt = async (domain: Domain, found: Found, claim: ClaimIdentity, startedAt: string): Promise<void> => {
  const record = remembered(domain, found) ?? rebuilt(domain, found, claim)
  // Those who remember the session from before ignore what looks older than what they know.
  const rev = (domain.live.get(record.id)?.record.rev ?? 0) + 1
  await domain.store.adopt({ ...record, rev, startedAt })
}

const adoptExited = async (domain: Domain, found: Found): Promise<'adopted' | 'unclaimed'> => {
  const { info, identity, runtime } = found
  const note = findDeathNote(await runtime.tail(info.hostId, TAIL_BYTES), identity.session)
  if (note === null) return 'unclaimed'
  await adopt(domain, found, note.claim, info.createdAt)
  return 'adopted'
}

const statusOf = async (domain: Domain, { info, identity }: Found): Promise<HostStatus | null> => {
  try {
    const { session, fence } = identity
    return await domain.hosts.status({ hostId: info.hostId, address: info.address, session, fence })
  } catch (error) {
    domain.logger.info({ err: error, hostId: info.hostId }, 'an unknown host gives no status')
    return null
  }
}

/**
 * `adopted`: its session is in the index again. `unclaimed`: it holds no session.
 * `silent`: it runs but does not answer, so nothing is known and nothing may be done.
 */
export const adoptHost = async (domain: Domain, found: Found): Promise<'adopted' | 'unclaimed' | 'silent'> => {
  if (found.info.state === 'exited') return adoptExited(domain, found)
  if (found.info.state === 'created') return 'unclaimed'
  const status = await statusOf(domain, found)
  if (status === null) return 'silent'
  if (status.claim === null) return 'unclaimed'
  await adopt(domain, found, status.claim, status.startedAt ?? found.info.createdAt)
  domain.live.heard(found.identity.session, status)
  return 'adopted'
}
