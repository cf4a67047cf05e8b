/** What every part of the domain works with, and the words they share. */
import type { Logger } from '@holdfast/service-kit'
import type { Guard, SessionRecord, SessionStore } from '@holdfast/session-store'
import type { Changes } from './changes.ts'
import type { HostClient, Target } from './host-client.ts'
import type { Jobs, Ref } from './jobs.ts'
import type { Live } from './live.ts'
import type { OrchestratorMetrics } from './metrics.ts'
import type { Nodes } from './nodes.ts'
import type { Templates } from './templates.ts'

export interface Domain {
  store: SessionStore
  live: Live
  changes: Changes
  nodes: Nodes
  hosts: HostClient
  jobs: Jobs
  templates: Templates
  metrics: OrchestratorMetrics
  logger: Logger
  masterKey: string
  cluster: string
  region: string
  /** How long a host stays after the end of its session, milliseconds. */
  lingerMs: number
  /** How long the record and screen of an ended session are kept, milliseconds. */
  retentionMs: number
}

export const refOf = ({ tenant, id }: SessionRecord): Ref => ({ tenant, id })
export const guardOf = ({ incarnation, fence }: SessionRecord): Guard => ({ incarnation, fence })

/** How to address the record's host; null when it has none, or none that can be dialled yet. */
export const targetOf = ({ id, hostId, address, fence }: SessionRecord): Target | null =>
  hostId === null || address === null ? null : { hostId, address, session: id, fence }

/** What is left to do after one step: go on with the record as it is now, look again later, or nothing. */
export type Outcome = { next: SessionRecord } | { againMs: number } | null
