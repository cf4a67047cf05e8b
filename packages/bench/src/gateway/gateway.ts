/** The gateway under thousands of attached sessions: memory of each, CPU while all are idle, echo while a tenth is typed into. */
import { setTimeout as delay } from 'node:timers/promises'
import { cpuMsOf, descriptorLimit, memoryOf, rssKibOf } from '../processes.ts'
import type { Report, Row } from '../report.ts'
import { HOLDFAST, type Scenario } from '../scenario.ts'
import type { Service } from '../services.ts'
import { percentile } from '../stats.ts'
import { buildStand, type Stand } from './stand.ts'

const ONE_GATEWAY = 9000
const TWO_GATEWAYS = 15_000
/** The first ones pay for what a gateway sets up once. */
const FEW = 100
const ACTIVE_SHARE = 0.1
/** For whatever a gateway opens besides two sockets a session. */
const SPARE_DESCRIPTORS = 500
/** Until garbage of the handshakes is collected: the gateway must get work for that, so it is not instant. */
const SETTLE_MS = 15_000
const IDLE_MS = 10_000
const TYPING = { everyMs: 1000, forMs: 20_000 }

interface Footprint {
  pss: number
  rss: number
}

const footprint = (gateways: readonly Service[]): Footprint => ({
  pss: gateways.reduce((sum, { pid }) => sum + memoryOf(pid).pssKib * 1024, 0),
  rss: gateways.reduce((sum, { pid }) => sum + rssKibOf(pid) * 1024, 0),
})

const cpuMs = (gateways: readonly Service[]): number => gateways.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0)

export interface Size {
  sessions: number
  settleMs: number
  idleMs: number
  typing: { everyMs: number; forMs: number }
}

/** Attaches all sessions through these gateways, and measures. */
export const measureGateways = async (name: string, gateways: Service[], stand: Stand, size: Size): Promise<Row> => {
  const { sessions, settleMs, idleMs, typing } = size
  const ports = gateways.map(({ port }) => port)
  const attach = (from: number, to: number) =>
    stand.order({ do: 'attach', ports, sessions: stand.sessions.slice(from, to), key: stand.key })
  const few = Math.min(FEW, sessions - 1)
  await attach(0, few)
  await delay(settleMs)
  const before = footprint(gateways)
  const begin = performance.now()
  await attach(few, sessions)
  const attachSeconds = (performance.now() - begin) / 1000
  await delay(settleMs)
  const after = footprint(gateways)
  const idleFrom = cpuMs(gateways)
  await delay(idleMs)
  const idleMsPerS = ((cpuMs(gateways) - idleFrom) / idleMs) * 1000
  const typists = Math.ceil(sessions * ACTIVE_SHARE)
  const { times, missed } = await stand.order({ do: 'type', count: typists, ...typing })
  await stand.order({ do: 'leave' })
  const bytesPerSession = Math.round((after.pss - before.pss) / (sessions - few))
  return {
    name,
    sessions,
    bytesPerSession,
    bytesPerSocket: Math.round(bytesPerSession / 2),
    rssBytesPerSession: Math.round((after.rss - before.rss) / (sessions - few)),
    idleCpuPercent: idleMsPerS / 10,
    keys: times.length,
    missed,
    echoP50Ms: percentile(times, 50),
    echoP99Ms: percentile(times, 99),
    attachSeconds,
  }
}

export const gateway: Scenario = async ({ undo, say }): Promise<Report> => {
  const limit = descriptorLimit()
  // Clients and hosts have one descriptor a session, each gateway two.
  const allowed = (wanted: number, gateways: number) =>
    Math.min(wanted, limit - SPARE_DESCRIPTORS, Math.floor((gateways * (limit - SPARE_DESCRIPTORS)) / 2))
  const [one, two] = [allowed(ONE_GATEWAY, 1), allowed(TWO_GATEWAYS, 2)]
  say(`gateway: writing ${two} records, starting the synthetic hosts`)
  const stand = await buildStand(two, undo)
  const rows: Row[] = []
  for (const [name, count, sessions] of [
    [HOLDFAST, 1, one],
    [`${HOLDFAST}, two gateways`, 2, two],
  ] as const) {
    say(`gateway: ${sessions} sessions through ${count} gateway${count === 1 ? '' : 's'}`)
    const gateways: Service[] = []
    while (gateways.length < count) gateways.push(await stand.startGateway())
    rows.push(
      await measureGateways(name, gateways, stand, { sessions, settleMs: SETTLE_MS, idleMs: IDLE_MS, typing: TYPING }),
    )
    for (const { stop } of gateways) await stop()
  }
  return {
    bench: 'gateway',
    rows,
    notes: [
      `this machine allows ${limit} descriptors a process: ${one} of ${ONE_GATEWAY} and ${two} of ${TWO_GATEWAYS} sessions`,
      'memory is that of the gateway processes, not what the kernel keeps for sockets; CPU is that of all gateways together',
    ],
  }
}
