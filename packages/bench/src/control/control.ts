/** The control plane alone: creates, lists, reconciliation and an emptied store, with session hosts that cost next to nothing; the store is emptied with real ones besides. */
import { memoryOf } from '../processes.ts'
import { endedRecord, sessionIds, writeRecords } from '../records.ts'
import { goalRow, type Report, type Row } from '../report.ts'
import { type Scenario, skippedRow } from '../scenario.ts'
import { createSessions, emptyStore, listSessions, reconcile, reconcileAtStart, type Survival } from './measures.ts'
import { buildStand, type Stand } from './stand.ts'

export interface Size {
  /** Ended records in the store from the start, and after all sessions were made. */
  records: { few: number; many: number }
  /** The first sessions, which are also made once more among many records. */
  sample: number
  /** Sessions that run, without the second sample. */
  sessions: number
  /** Sessions on the machine's own engine, made when all else is measured but FLUSHALL. */
  real: number
  clients: number
  lists: number
}

const FULL: Size = {
  records: { few: 1000, many: 100_000 },
  sample: 1000,
  sessions: 10_000,
  real: 200,
  clients: 64,
  lists: 200,
}

/** As many as the Docker runtime creates at once. */
const REAL_CLIENTS = 8

const survivalRows = (kind: string, { sessions, killed, missing }: Survival): Row[] => [
  goalRow(`FLUSHALL: killed of ${sessions} ${kind} sessions`, '0', killed),
  goalRow(`FLUSHALL: missing in the index of ${sessions} ${kind} sessions`, '0', missing),
]

const endedRecords = (from: number, to: number) => sessionIds(from, to - from).map(endedRecord)

export const measureControl = async (stand: Stand, size: Size, say: (line: string) => void): Promise<Row[]> => {
  const { sample, sessions, clients, lists, records } = size
  const bytes = () => memoryOf(stand.orchestrator().pid).pssKib * 1024
  say(`control: ${sessions} sessions, ${clients} clients`)
  await writeRecords(stand.redisUrl, endedRecords(0, records.few))
  const before = bytes()
  const few = await createSessions(stand, 'synthetic', sample, clients)
  const rest = await createSessions(stand, 'synthetic', sessions - sample, clients)
  const memory = bytes()
  const reconcileS = await reconcile(stand)
  const reconcileStartS = await reconcileAtStart(stand)
  const listFewMs = await listSessions(stand, lists)
  say(`control: ${records.many} records`)
  await writeRecords(stand.redisUrl, endedRecords(records.few, records.many))
  const listManyMs = await listSessions(stand, lists)
  const many = await createSessions(stand, 'synthetic', sample, clients)
  const reconcileManyS = await reconcile(stand)
  if (stand.notReal === null) {
    say(`control: ${size.real} real sessions`)
    await createSessions(stand, 'real', size.real, REAL_CLIENTS)
  }
  say('control: FLUSHALL')
  const { seconds, synthetic, real } = await emptyStore(stand)
  return [
    goalRow('creates a second', '≥ 300', rest.perS, rest),
    goalRow(`creates a second, ${records.few} records`, '', few.perS, few),
    goalRow(`creates a second, ${records.many} records`, '', many.perS, many),
    goalRow('CPU of a create, many : few records', '≈ 1', many.cpuMsEach / few.cpuMsEach),
    goalRow(`list page p50 ms, ${records.few} records`, '', listFewMs),
    goalRow(`list page p50 ms, ${records.many} records`, '≤ 10', listManyMs),
    goalRow(`reconcile s, ${sessions} sessions`, '≤ 5', reconcileS),
    goalRow(`reconcile s at start, ${sessions} sessions`, '', reconcileStartS),
    goalRow(`reconcile s, ${sessions + sample} sessions, ${records.many} records`, '', reconcileManyS),
    goalRow('FLUSHALL: s until all are back', '< 30', seconds),
    ...survivalRows('synthetic', synthetic),
    ...(real === null ? [skippedRow('FLUSHALL: real sessions', stand.notReal)] : survivalRows('real', real)),
    goalRow('orchestrator PSS MiB', '', memory / 2 ** 20),
    goalRow('orchestrator KiB a session', '', (memory - before) / sessions / 1024),
  ]
}

export const control: Scenario = async ({ undo, say }): Promise<Report> => {
  const stand = await buildStand(undo)
  const rows = await measureControl(stand, FULL, say)
  return {
    bench: 'control',
    rows,
    notes: [
      'clients, Redis and the synthetic engine with its hosts share the cores with the orchestrator',
      'real sessions are made after all the others, and have lived if all processes of their containers are the same',
      'each create is answered when its session runs; records besides are of ended sessions',
    ],
  }
}
