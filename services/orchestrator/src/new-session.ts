/** A new session's record: the template, overlaid with what the caller asked for. */
import { createHash } from 'node:crypto'
import {
  type CreateSession,
  canonicalJson,
  DEFAULT_COLS,
  DEFAULT_ROWS,
  deadlineOf,
  HoldfastError,
  newSessionId,
  REPLAY_BYTES,
  SCROLLBACK_LINES,
  type Template,
} from '@holdfast/protocol'
import type { Principal } from '@holdfast/service-kit'
import type { NewRecord } from '@holdfast/session-store'
import { hostLimits } from './host-spec.ts'

export interface NewSessionContext {
  caller: Principal
  region: string
  template: Template
  now: number
}

const commandLine = (body: CreateSession, template: Template): { command: string; args: string[] } => {
  const [program = '', ...rest] = template.command
  // Arguments alone replace those of the template; a command of the caller's starts without any.
  if (body.command === undefined) return { command: program, args: body.args ?? rest }
  return { command: body.command, args: body.args ?? [] }
}

/** What its first start brings along from where it ran before. */
const broughtAlong = ({ continues }: CreateSession) =>
  continues === undefined ? {} : { above: continues.screen, again: true, held: true }

/** What a session has before it is placed. */
const NOT_YET = {
  node: null,
  placement: null,
  hostId: null,
  address: null,
  workspace: null,
  suspend: null,
  restarted: null,
  agent: null,
  conditions: [],
  reason: null,
  forget: false,
  startedAt: null,
  endedAt: null,
  exitCode: null,
  signal: null,
}

export const newRecord = (body: CreateSession, context: NewSessionContext): Omit<NewRecord, 'runtime'> => {
  const { template, region, caller, now } = context
  if (body.region !== undefined && body.region !== region) {
    throw new HoldfastError(
      'BAD_REQUEST',
      `body: region: this is "${region}", sessions of "${body.region}" start there`,
    )
  }
  const id = newSessionId(region)
  const limits = { ...template.limits, ...body.limits }
  const createdAt = new Date(now).toISOString()
  const restart = body.restart ?? template.restart ?? 'never'
  const ttlSeconds = body.ttlSeconds ?? template.ttlSeconds
  // That of a template is for its own command.
  const resume = body.resume ?? (body.command === undefined ? template.resume : undefined)
  return {
    id,
    tenant: caller.tenant,
    principal: caller.principal,
    phase: 'pending',
    phaseSince: createdAt,
    spec: {
      name: body.name ?? id,
      template: template.name,
      region,
      ...commandLine(body, template),
      cwd: body.cwd ?? template.cwd ?? null,
      env: { ...template.env, ...body.env },
      cols: body.cols ?? DEFAULT_COLS,
      rows: body.rows ?? DEFAULT_ROWS,
      sizePolicy: body.sizePolicy ?? template.sizePolicy ?? 'latest',
      clipboard: body.clipboard ?? template.clipboard ?? 'controller',
      labels: body.labels ?? {},
      nodeSelector: { ...template.nodeSelector, ...body.nodeSelector },
      createdAt,
      expiresAt: ttlSeconds === undefined ? null : new Date(now + ttlSeconds * 1000).toISOString(),
      idleAction: body.idleAction ?? template.idleAction ?? 'stop',
      restart,
      ...(resume === undefined ? {} : { resume }),
      ...broughtAlong(body),
      idleSeconds: body.idleSeconds ?? template.idleSeconds ?? null,
      replayBytes: limits.replayBytes ?? REPLAY_BYTES,
      scrollbackLines: limits.scrollbackLines ?? SCROLLBACK_LINES,
    },
    image: template.image ?? '',
    network: template.network ?? true,
    limits: hostLimits(limits),
    ...NOT_YET,
    keepEnv: restart !== 'never',
    createdAt,
    deadline: deadlineOf('pending', now),
    waiting: null,
  }
}

/** SHA-256 of the body with sorted keys, hex: the same request in another spelling is the same request. */
export const bodyHash = (body: unknown): string => createHash('sha256').update(canonicalJson(body)).digest('hex')
