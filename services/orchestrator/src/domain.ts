/** What every part of the domain works with, and the words they share. */
import type { Logger } from '@holdfast/service-kit'
import type { Guard, NodeStore, SessionRecord, SessionStore, WarmHosts } from '@holdfast/session-store'
import type { Changes } from './changes.ts'
import type { HostClient, Target } from './host-client.ts'
import type { Jobs, Ref } from './jobs.ts'
import type { Live } from './live.ts'
import type { OrchestratorMetrics } from './metrics.ts'
import type { Nodes } from './nodes.ts'
import type { Placer } from './placer.ts'
import type { Quotas } from './quotas.ts'
import type { Templates } from './templates.ts'

export interface Domain {
  store: SessionStore
  nodeStore: NodeStore
  warm: WarmHosts
  live: Live
  changes: Changes
  nodes: Nodes
  placer: Placer
  hosts: HostClient
  jobs: Jobs
  templates: Templates
  quotas: Quotas
  metrics: OrchestratorMetrics
  logger: Logger
  masterKey: string
  cluster: string
  region: string
  /** How long a host stays after the end of its session, milliseconds. */
  lingerMs: number
  /** How long the record of an ended session is kept, milliseconds; its screen for at least as long. */
  retentionMs: number
  /** How long neither a host nor its node answers before the node is called lost, and before the policy may start its sessions elsewhere. */
  nodeLostMs: number
  nodeReplaceMs: number
  /** How long deaths and their last screens are kept, milliseconds; 0: none are written. */
  deathsMs: number
}

export const refOf = ({ tenant, id }: SessionRecord): Ref => ({ tenant, id })
export const guardOf = ({ incarnation, fence }: SessionRecord): Guard => ({ incarnation, fence })
/** For a change of a list: what others put into it since the record was read is not lost, the write is refused. */
export const asReadOf = (record: SessionRecord): Guard => ({
  ...guardOf(record),
  unchangedSince: record.rev,
})

/** How to address the record's host; null when it has none, or none that can be dialled yet. */
export const targetOf = ({ id, hostId, address, fence }: SessionRecord): Target | null =>
  hostId === null || address === null ? null : { hostId, address, session: id, fence }

/** What is left to do after one step: go on with the record as it is now, look again later (and why not now), or nothing. */
export type Outcome = { next: SessionRecord } | { againMs: number; waitsFor?: string } | null
