/** True records of sessions, written into a store of this run's own. */
import { randomBytes } from 'node:crypto'
import { DEFAULT_COLS, DEFAULT_ROWS, hostIdOf, incarnationOf, REPLAY_BYTES, SCROLLBACK_LINES } from '@holdfast/protocol'
import { redisStore, type SessionRecord, storeConnection } from '@holdfast/session-store'
import { patiently } from './services.ts'

/** Of this run: what it makes on the machine's own engine is no other run's. */
export const CLUSTER = `b${randomBytes(5).toString('hex')}`
/** The first API key's; scripts/secrets.mjs. */
export const TENANT = 'default'

const INCARNATION = incarnationOf(1)
const RECORDS_AT_ONCE = 100

export const runningRecord = (id: string, address: string): SessionRecord => {
  const createdAt = new Date().toISOString()
  const size = { cols: DEFAULT_COLS, rows: DEFAULT_ROWS }
  const keep = { replayBytes: REPLAY_BYTES, scrollbackLines: SCROLLBACK_LINES }
  const life = { createdAt, expiresAt: null, idleAction: 'stop' as const, restart: 'never' as const, idleSeconds: null }
  const command = { command: 'cat', args: [], cwd: null, env: {}, labels: {} }
  const policies = { sizePolicy: 'latest', clipboard: 'controller' }
  return {
    ...{ id, tenant: TENANT, principal: 'admin', phase: 'running', rev: 1, incarnation: INCARNATION, fence: 1 },
    ...{ phaseSince: createdAt, waiting: null },
    spec: { name: id, template: 'shell', region: 'bench', ...command, ...size, ...policies, ...keep, ...life },
    ...{ image: '', network: false, limits: {}, runtime: 'process', node: 'bench', placement: null },
    ...{
      hostId: hostIdOf(id, INCARNATION),
      address,
      workspace: null,
      suspend: null,
      restarted: null,
      agent: null,
      keepEnv: false,
    },
    ...{ conditions: [], reason: null, forget: false },
    ...{ createdAt, startedAt: createdAt, endedAt: null, exitCode: null, signal: null, deadline: null },
  } as SessionRecord
}

/** As it is kept for a day after its end, its host gone. */
export const endedRecord = (id: string): SessionRecord => {
  const record = runningRecord(id, '')
  const reason = { code: 'exited' as const, detail: '' }
  return { ...record, phase: 'exited', hostId: null, address: null, reason, endedAt: record.createdAt, exitCode: 0 }
}

/** `bench-` and 14 digits: `count` ids from number `from` on. */
export const sessionIds = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `bench-${String(from + index).padStart(14, '0')}`)

export const writeRecords = async (url: string, records: readonly SessionRecord[]): Promise<void> => {
  const redis = storeConnection(url)
  const store = redisStore({ redis, cluster: CLUSTER })
  await patiently('Redis', () => store.open().then(() => true))
  for (let at = 0; at < records.length; at += RECORDS_AT_ONCE) {
    await Promise.all(records.slice(at, at + RECORDS_AT_ONCE).map((record) => store.adopt(record)))
  }
  redis.disconnect()
}
