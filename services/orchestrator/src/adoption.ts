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
  limits: Record<string, number>
}
const limitsOf = (labels: HostInfo['labels']): Identity['limits'] => JSON.parse(labels[LABEL.limits] || '{}')

export const identityOf = ({ labels }: HostInfo): Identity | null => {
  const session = labels[LABEL.session]
  const tenant = labels[LABEL.tenant]
  const fence = Number(labels[LABEL.fence])
  if (session === undefined || tenant === undefined || !Number.isInteger(fence)) return null
  return { session, tenant, incarnation: labels[LABEL.incarnation] ?? '', fence, limits: limitsOf(labels) }
}

/** Name of the volume with the host's files. */
export const workspaceOf = ({ hostId, labels }: HostInfo): string => labels[LABEL.workspace] ?? hostId

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
    phaseSince: info.createdAt,
    rev: 1,
    incarnation: identity.incarnation,
    fence: identity.fence,
    spec: { ...spec, env: {} },
    image: template?.image ?? '',
    network: template?.network ?? true,
    limits: identity.limits,
    runtime: runtime.kind,
    node: info.node,
    placement: null,
    hostId: info.hostId,
    address: info.address,
    workspace: workspaceOf(info),
    suspend: null,
    restarted: null,
    agent: null,
    keepEnv: claim.restart !== 'never',
    conditions: withCondition([], 'Reachable', 'True', ''),
    reason: null,
    forget: false,
    createdAt: claim.createdAt,
    startedAt: info.createdAt,
    endedAt: null,
    exitCode: null,
    signal: null,
    deadline: null,
    waiting: null,
  }
}

/** Memory of this replica knows more than the host: use it when it speaks of the same incarnation. */
const remembered = (domain: Domain, { identity, info }: Found): SessionRecord | null => {
  const known = domain.live.get(identity.session)?.record
  if (known === undefined || known.fence !== identity.fence || known.hostId !== info.hostId) return null
  return known.phase === 'running' || known.phase === 'stopping' ? known : null
}

/** What a host says of itself. `silent`: it runs but does not answer, so nothing is known and nothing may be done. */
export type Finding =
  | { word: 'silent' }
  | { word: 'unclaimed' }
  | { word: 'claimed'; claim: ClaimIdentity; startedAt: string; status: HostStatus | null; live: boolean }

/** A frozen host has to run for a moment to say what it holds; the converge that follows notes that it is frozen. */
const statusOfFrozen = async (domain: Domain, found: Found): Promise<HostStatus | null> => {
  const { runtime, info } = found
  await runtime.thaw?.(info.hostId)
  try {
    return await statusOf(domain, found)
  } finally {
    await runtime.freeze?.(info.hostId)
  }
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

export const examine = async (domain: Domain, found: Found): Promise<Finding> => {
  const { info, identity, runtime } = found
  if (info.state === 'created') return { word: 'unclaimed' }
  if (info.state === 'exited') {
    const note = findDeathNote(await runtime.tail(info.hostId, TAIL_BYTES), identity.session)
    if (note === null) return { word: 'unclaimed' }
    return { word: 'claimed', claim: note.claim, startedAt: info.createdAt, status: null, live: false }
  }
  const status = await (info.state === 'frozen' ? statusOfFrozen : statusOf)(domain, found)
  if (status === null) return { word: 'silent' }
  if (status.claim === null) return { word: 'unclaimed' }
  const startedAt = status.startedAt ?? info.createdAt
  return { word: 'claimed', claim: status.claim, startedAt, status, live: status.exit === null }
}

/** Into the index as running, or stopping: an exit is found and recorded by the converge that follows, screen and all. */
export const adopt = async (
  domain: Domain,
  found: Found,
  { claim, startedAt, status }: Extract<Finding, { word: 'claimed' }>,
): Promise<SessionRecord> => {
  const record = remembered(domain, found) ?? rebuilt(domain, found, claim)
  // Those who remember the session from before ignore what looks older than what they know.
  const rev = (domain.live.get(record.id)?.record.rev ?? 0) + 1
  const phaseSince = record.phase === 'running' ? startedAt : record.phaseSince
  const adopted = await domain.store.adopt({ ...record, rev, startedAt, phaseSince })
  if (status !== null) domain.live.heard(record.id, status)
  return adopted
}

/** Adopts a host of a newer placement than the record's, if there is one: then the record is of an old copy of the store. */
export const adoptNewer = async (domain: Domain, record: SessionRecord): Promise<boolean> => {
  for (const runtime of domain.nodes.runtimes()) {
    const hosts = await runtime.list().catch(() => [])
    for (const info of hosts) {
      const identity = identityOf(info)
      if (identity?.session !== record.id || identity.fence <= record.fence) continue
      const finding = await examine(domain, { info, identity, runtime })
      if (finding.word !== 'claimed') continue
      await adopt(domain, { info, identity, runtime }, finding)
      return true
    }
  }
  return false
}
