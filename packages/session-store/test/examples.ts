/** Records and checks that the tests of the store share. */
import { type ErrorCode, HoldfastError, incarnationOf, newSessionId } from '@holdfast/protocol'
import type { NewRecord, SessionRecord } from '../src/index.ts'

/** Stands in `spec.env` of every example: must not be found anywhere once the session runs. */
export const CANARY = 'canary-7f3k9m2q'

export const newRecord = (over: Partial<NewRecord> = {}): NewRecord => {
  const createdAt = over.createdAt ?? '2026-11-22T10:00:00.000Z'
  const id = over.id ?? newSessionId('local')
  return {
    id,
    tenant: 'acme',
    principal: 'ada',
    phase: 'pending',
    phaseSince: createdAt,
    spec: {
      name: id,
      template: 'shell',
      region: 'local',
      command: 'bash',
      args: [],
      cwd: null,
      env: { SECRET: CANARY },
      cols: 80,
      rows: 24,
      sizePolicy: 'latest',
      clipboard: 'controller',
      labels: {},
      createdAt,
      expiresAt: null,
      idleAction: 'stop',
      restart: 'never',
      idleSeconds: null,
      replayBytes: 1_048_576,
      scrollbackLines: 1000,
    },
    image: 'holdfast/shell',
    network: true,
    limits: { memoryMb: 512 },
    runtime: 'docker',
    node: null,
    placement: null,
    hostId: null,
    address: null,
    workspace: null,
    suspend: null,
    restarted: null,
    agent: null,
    keepEnv: false,
    conditions: [],
    reason: null,
    forget: false,
    createdAt,
    startedAt: null,
    endedAt: null,
    exitCode: null,
    signal: null,
    deadline: 1_800_000_000_000,
    waiting: null,
    ...over,
  }
}

/** As an orchestrator rebuilds it from what a running host says. */
export const runningRecord = (over: Partial<SessionRecord> = {}): SessionRecord => {
  const record = newRecord()
  const spec = { ...record.spec, env: {} }
  return { ...record, spec, phase: 'running', rev: 1, incarnation: incarnationOf(1), fence: 1, ...over }
}

/** For assert.rejects: an error of ours with this code. */
export const coded = (code: ErrorCode) => (error: unknown) => {
  if (!(error instanceof HoldfastError)) throw error
  if (error.code !== code) throw new Error(`expected ${code}, got ${error.code}: ${error.message}`)
  return true
}

export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
