/** What a session's host is made from. */
import type { Limits } from '@holdfast/protocol'
import { type HostSpec, LABEL, withDefaults } from '@holdfast/runtime'
import { hostKey } from '@holdfast/service-kit'
import type { SessionRecord } from '@holdfast/session-store'
import type { Domain } from './domain.ts'

/** Limits of the host itself, all of them: those of buffer and screen are told at the claim. */
export const hostLimits = ({ replayBytes: _replay, scrollbackLines: _scrollback, ...given }: Limits) =>
  withDefaults(given)

/** Whose the host is: enough to find the session again when the store is empty. */
export const identityLabels = (record: SessionRecord): Record<string, string> => ({
  [LABEL.session]: record.id,
  [LABEL.tenant]: record.tenant,
  [LABEL.incarnation]: record.incarnation,
  [LABEL.fence]: String(record.fence),
  [LABEL.template]: record.spec.template,
  [LABEL.limits]: JSON.stringify(record.limits),
  [LABEL.workspace]: record.workspace ?? '',
})

export const hostSpec = (domain: Domain, record: SessionRecord, hostId: string): HostSpec => ({
  hostId,
  workspace: record.workspace ?? hostId,
  image: record.image,
  hostKey: hostKey(domain.masterKey, hostId),
  labels: identityLabels(record),
  limits: record.limits,
  network: record.network,
})
