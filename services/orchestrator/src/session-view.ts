/** The session resource of the API: the record, and what its host said last. */
import type { Command, HostStatus, Resources, Session } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'

export const reasonText = (reason: SessionRecord['reason']): string | undefined =>
  reason === null ? undefined : reason.detail === '' ? reason.code : `${reason.code}: ${reason.detail}`

const present = <T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as never

/** What its host tells only when it is asked for it. */
interface Asked {
  commands?: Command[] | undefined
  resources?: Resources | undefined
}

export const sessionView = (record: SessionRecord, status: HostStatus | null, asked: Asked = {}): Session => {
  const { spec } = record
  const ended = record.endedAt !== null
  return {
    id: record.id,
    name: spec.name,
    phase: record.phase,
    conditions: record.conditions,
    template: spec.template,
    command: spec.command,
    args: spec.args,
    cwd: status?.cwd ?? spec.cwd ?? '',
    title: status?.title ?? '',
    cols: status?.cols ?? spec.cols,
    rows: status?.rows ?? spec.rows,
    sizePolicy: spec.sizePolicy,
    clipboard: spec.clipboard,
    labels: spec.labels,
    node: record.node,
    runtime: record.runtime,
    region: spec.region,
    viewers: status?.viewers ?? 0,
    createdAt: record.createdAt,
    ...present({
      agent: record.phase === 'running' ? (record.agent ?? undefined) : undefined,
      resume: spec.resume,
      activity: ended ? undefined : status?.activity,
      ...asked,
      expiresAt: spec.expiresAt ?? undefined,
      idleSeconds: spec.idleSeconds ?? undefined,
      reason: reasonText(record.reason),
      startedAt: record.startedAt ?? undefined,
      endedAt: record.endedAt ?? undefined,
      exitCode: ended ? record.exitCode : undefined,
      signal: ended ? record.signal : undefined,
    }),
  }
}
