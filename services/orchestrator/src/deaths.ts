/** A death from a record and what was seen of its end. */
import { type Death, END_REASONS, type EndReason, type HostExit } from '@holdfast/protocol'
import type { HostInfo } from '@holdfast/runtime'
import type { SessionRecord } from '@holdfast/session-store'

/** What was seen, where and when; the time is now. */
export const seen = (what: string): string => `${new Date().toISOString()} ${what}`

export const seenHost = (node: string | null, { hostId, state, exitCode, oomKilled, reason }: HostInfo): string => {
  const code = exitCode === null ? '' : `, exit code ${exitCode}`
  const because = reason === undefined ? '' : `, ${reason}`
  return seen(`node ${node} inspected ${hostId}: ${state}${code}${oomKilled ? ', killed for memory' : ''}${because}`)
}

export const seenExit = (where: string, { exitCode, signal, failure, offset, endedAt }: HostExit): string => {
  const how = failure ?? (signal === null ? `exit code ${exitCode}` : `signal ${signal}`)
  return seen(`${where}: ${how} at ${endedAt}, after ${offset} bytes of output`)
}

const nameOf = (record: SessionRecord, code: EndReason, by?: string): string => {
  const names: Readonly<Record<Death['by']['kind'], string>> = {
    command: record.spec.command,
    principal: by ?? '',
    operator: by ?? '',
    policy: code,
    node: record.node ?? '',
    runtime: record.runtime,
  }
  return names[END_REASONS[code].by]
}

export interface DeathFacts {
  reason: NonNullable<SessionRecord['reason']>
  endedAt: string
  exit: HostExit | null
  oomKills: number
  hasScreen: boolean
  evidence: readonly string[]
}

export const deathOf = (record: SessionRecord, facts: DeathFacts): Death => {
  const { reason, exit, evidence, ...rest } = facts
  const { code, detail, by } = reason
  return {
    session: record.id,
    tenant: record.tenant,
    name: record.spec.name,
    template: record.spec.template,
    incarnation: record.incarnation,
    node: record.node,
    hostId: record.hostId,
    runtime: record.runtime,
    cause: code,
    detail,
    by: { kind: END_REASONS[code].by, name: nameOf(record, code, by) },
    evidence: [...evidence],
    exitCode: exit?.exitCode ?? null,
    signal: exit?.signal ?? null,
    coreDumped: exit?.coreDumped ?? false,
    startedAt: record.startedAt,
    ...rest,
  }
}
