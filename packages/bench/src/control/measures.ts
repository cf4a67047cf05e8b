/** What is done to the orchestrator, and how long it takes. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Session } from '@holdfast/protocol'
import { dockerRuntime } from '@holdfast/runtime'
import { redisStore, type SessionStore, storeConnection } from '@holdfast/session-store'
import { cpuMsOf } from '../processes.ts'
import { CLUSTER } from '../records.ts'
import { percentile } from '../stats.ts'
import { realLives } from './real-engine.ts'
import { Refused, type Stand } from './stand.ts'

const LOOK_MS = 100
const PATIENCE_MS = 60_000
const PAGE = 50
const TRIES = 20
const RETRY_MS = 500
const RECONCILE = 'holdfast_orchestrator_reconcile_seconds'
const ADOPTED = 'holdfast_orchestrator_reconcile_total{action="adopt"}'

export interface Creates {
  perS: number
  p50Ms: number
  p99Ms: number
  /** Of the orchestrator. */
  cpuMsEach: number
}

/** Resolves when it holds, or when patience is over: what is there by then tells what was lost. */
const until = async (condition: () => Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + PATIENCE_MS; !(await condition()) && Date.now() < end; ) await delay(LOOK_MS)
}

/** A refusal that says "retry" is obeyed, as every client does. */
const obeying = async <T>(work: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (tries === TRIES || !(error instanceof Refused) || !error.retryable) throw error
      await delay(RETRY_MS)
    }
  }
}

const createOne = ({ call }: Stand, template: string): Promise<Pick<Session, 'id' | 'phase' | 'reason'>> => {
  const headers = { 'idempotency-key': randomUUID() }
  return obeying(() => call('POST', '/v1/sessions', { template }, headers))
}

/** Makes sessions as fast as the clients get answers; every answer must be a running session. */
export const createSessions = async (
  stand: Stand,
  template: 'synthetic' | 'real',
  count: number,
  clients: number,
): Promise<Creates> => {
  const times: number[] = []
  let left = count
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      const from = performance.now()
      const { id, phase, reason } = await createOne(stand, template)
      if (phase !== 'running') throw new Error(`session ${id} is ${phase} instead of running: ${reason}`)
      times.push(performance.now() - from)
    }
  }
  const [from, cpuFrom] = [performance.now(), cpuMsOf(stand.orchestrator().pid)]
  await Promise.all(Array.from({ length: clients }, client))
  const seconds = (performance.now() - from) / 1000
  const cpuMsEach = (cpuMsOf(stand.orchestrator().pid) - cpuFrom) / count
  return { perS: count / seconds, p50Ms: percentile(times, 50), p99Ms: percentile(times, 99), cpuMsEach }
}

/** p50 of the first page, milliseconds. */
export const listSessions = async ({ call }: Stand, count: number): Promise<number> => {
  const times: number[] = []
  for (let done = 0; done < count; done++) {
    const from = performance.now()
    const { sessions } = await obeying(() => call<{ sessions: unknown[] }>('GET', `/v1/sessions?limit=${PAGE}`))
    times.push(performance.now() - from)
    if (sessions.length !== PAGE) throw new Error(`a page of ${sessions.length} instead of ${PAGE}`)
  }
  return percentile(times, 50)
}

/** Seconds of one whole pass: an operator's word about a host that is not there is a reconciliation. */
export const reconcile = async ({ call }: Stand): Promise<number> => {
  const from = performance.now()
  await obeying(() => call('POST', '/v1/reap', { confirm: ['none'] }))
  return (performance.now() - from) / 1000
}

/** Seconds of the first pass of an orchestrator that knows nothing yet: it reads every record and follows every host. */
export const reconcileAtStart = async ({ restart, metric }: Stand): Promise<number> => {
  await restart()
  return (await metric(`${RECONCILE}_sum`)) / (await metric(`${RECONCILE}_count`))
}

/** By host id what it is: a session has lived through something when that is the same before and after. */
type Lives = ReadonlyMap<string, string>

const syntheticLives = async ({ hostsDir, engineSocket }: Stand): Promise<Lives> => {
  const engine = { socket: engineSocket }
  const hosts = await dockerRuntime({ cluster: CLUSTER, node: 'synthetic', hostsDir, engine, guardImage: '' }).list()
  return new Map(hosts.filter(({ state }) => state === 'running').map(({ hostId, createdAt }) => [hostId, createdAt]))
}

/** Hosts of running sessions. */
const indexOf = async (store: SessionStore): Promise<ReadonlySet<string | null>> => {
  const hosts = new Set<string | null>()
  for await (const { phase, hostId } of store.scan()) if (phase === 'running') hosts.add(hostId)
  return hosts
}

export interface Survival {
  sessions: number
  killed: number
  /** In the index. */
  missing: number
}

const survival = (before: Lives, after: Lives, index: ReadonlySet<string | null>): Survival => ({
  sessions: before.size,
  killed: [...before].filter(([hostId, life]) => after.get(hostId) !== life).length,
  missing: [...before.keys()].filter((hostId) => !index.has(hostId)).length,
})

/** FLUSHALL, then how long until every session is in the index again, and which of them did not live through it. */
export const emptyStore = async (
  stand: Stand,
): Promise<{ seconds: number; synthetic: Survival; real: Survival | null }> => {
  const lives = async () => [await syntheticLives(stand), stand.notReal === null ? realLives() : new Map()] as const
  const [synthetic, real] = await lives()
  const adopted = await stand.metric(ADOPTED)
  const redis = storeConnection(stand.redisUrl)
  const store = redisStore({ redis, cluster: CLUSTER })
  await store.open()
  const from = performance.now()
  await redis.flushall()
  await until(async () => (await stand.metric(ADOPTED)) - adopted >= synthetic.size + real.size)
  const seconds = (performance.now() - from) / 1000
  await store.open()
  const index = await indexOf(store)
  redis.disconnect()
  const [syntheticNow, realNow] = await lives()
  return {
    seconds,
    synthetic: survival(synthetic, syntheticNow, index),
    real: stand.notReal === null ? survival(real, realNow, index) : null,
  }
}
