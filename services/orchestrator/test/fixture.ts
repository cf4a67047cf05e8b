/** A whole orchestrator on real parts: Redis in a container, the process runtime, real session hosts. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { HoldfastError, type NodeSpec, type Session } from '@holdfast/protocol'
import { processRuntime, type Runtime } from '@holdfast/runtime'
import { createMetrics, newLogger, type Principal, serviceKey, sign } from '@holdfast/service-kit'
import { checkPolicy, nodeStore, redisStore, storeConnection, warmHosts } from '@holdfast/session-store'
import { eventually, newCluster, type RedisServer } from '@holdfast/session-store/redis-server'
import { buildOrchestrator } from '../src/app.ts'
import type { Engine } from '../src/engine.ts'
import { bullJobs } from '../src/jobs.ts'
import { METRICS } from '../src/metrics.ts'
import { noQuotas, type Quotas } from '../src/quotas.ts'
import { producerConnection, workerConnection } from '../src/redis-connections.ts'
import { parseTemplates } from '../src/templates.ts'

/** As it is deployed: `npm test` builds it, and from source each start would take ten times as long. */
const HOST_MAIN = join(import.meta.dirname, '../../session/dist/main.cjs')
export const MASTER_KEY = 'a master key for tests only'
export const LINGER_MS = 1_500
export const HOST_COMMAND = ['/usr/bin/env', `HOLDFAST_LINGER_MS=${LINGER_MS}`, process.execPath, HOST_MAIN]

const TEMPLATES = `
- name: shell
  command: [bash, --norc]
  env: { FROM_TEMPLATE: yes-it-is }
- name: pinger
  command: [sh, -c, 'while :; do echo tick; sleep 0.2; done']
  sizePolicy: smallest
  clipboard: off
`

export interface World {
  cluster: string
  hostsDir: string
  redisUrl: string
  runtime: Runtime
}

/** Whatever runs on it is gone after the test. */
const newNode = async (t: TestContext, cluster: string, node: string, command = HOST_COMMAND) => {
  const hostsDir = await mkdtemp(join(tmpdir(), 'hf-o-'))
  const runtime = processRuntime({ cluster, node, hostsDir, command })
  t.after(async () => {
    for (const { hostId } of await runtime.list()) await runtime.remove(hostId)
    await rm(hostsDir, { recursive: true, force: true })
  })
  return { hostsDir, runtime }
}

/** A cluster of its own. */
export const newWorld = async (
  t: TestContext,
  server: Pick<RedisServer, 'url'>,
  hostCommand = HOST_COMMAND,
): Promise<World> => {
  const cluster = newCluster()
  return { cluster, redisUrl: server.url, ...(await newNode(t, cluster, 'local', hostCommand)) }
}

/** Node `b` of this machine, with hosts of its own. */
export const secondNode = async (t: TestContext, { cluster }: World): Promise<Runtime> =>
  (await newNode(t, cluster, 'b')).runtime

export interface Answer {
  status: number
  headers: Record<string, unknown>
  text: string
  body: Record<string, unknown>
  session: Session
}

export interface Orchestrator {
  engine: Engine
  app: Awaited<ReturnType<typeof buildOrchestrator>>['app']
  metrics(): Promise<string>
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>
  create(body: unknown, headers?: Record<string, string>): Promise<Session>
  /** Asks until the session is in this phase. */
  phase(id: string, phase: Session['phase'], seconds?: number): Promise<Session>
  stop(): Promise<void>
}

const USER: Principal = { principal: 'ada', tenant: 'acme', role: 'user' }
export const tokenOf = (principal: Partial<Principal> = {}): string =>
  `Bearer ${sign(serviceKey(MASTER_KEY), { ...USER, ...principal }, 60_000)}`

export const startOrchestrator = async (
  t: TestContext,
  world: World,
  overrides: {
    runtime?: Runtime
    nodes?: readonly NodeSpec[]
    runtimeOf?: (spec: NodeSpec) => Runtime
    templates?: string
    quotas?: Quotas
    retentionMs?: number
    nodeLostMs?: number
    nodeReplaceMs?: number
    started?: boolean
    logLevel?: string
  } = {},
): Promise<Orchestrator> => {
  const logger = newLogger('orchestrator', overrides.logLevel ?? 'silent')
  const metrics = createMetrics(METRICS)
  const redis = storeConnection(world.redisUrl)
  const connections = {
    producer: () => producerConnection(world.redisUrl),
    worker: () => workerConnection(world.redisUrl),
  }
  const { cluster } = world
  const { app, engine } = await buildOrchestrator({
    store: redisStore({ redis, cluster }),
    warm: warmHosts({ redis, cluster }),
    checkStore: () => checkPolicy(redis, false),
    nodeStore: nodeStore({ redis, cluster }),
    nodes: overrides.nodes ?? [{ id: 'local' }],
    runtimeOf: overrides.runtimeOf ?? (() => overrides.runtime ?? world.runtime),
    rules: { strategy: 'spread', cpuOvercommit: 4 },
    jobs: bullJobs({ connections, cluster, logger, metrics }),
    quotas: overrides.quotas ?? noQuotas,
    templates: parseTemplates(overrides.templates ?? TEMPLATES, 'templates of the test'),
    metrics,
    logger,
    masterKey: MASTER_KEY,
    cluster,
    region: 'local',
    retentionMs: overrides.retentionMs ?? 3_600_000,
    deathsMs: 3_600_000,
    nodeLostMs: overrides.nodeLostMs ?? 60_000,
    nodeReplaceMs: overrides.nodeReplaceMs ?? 300_000,
    lingerMs: LINGER_MS,
  })
  const start = engine.start()
  let stopped = false
  const stop = async () => {
    if (stopped) return
    stopped = true
    await engine.drain()
    await start
    await app.close()
    redis.disconnect()
  }
  t.after(stop)
  if (overrides.started !== false) await start
  const call: Orchestrator['call'] = async (method, url, body, headers = {}) => {
    const payload = body === undefined ? {} : { payload: body as object }
    const answer = await app.inject({ method, url, headers: { authorization: tokenOf(), ...headers }, ...payload })
    const parsed = (() => {
      try {
        return JSON.parse(answer.payload)
      } catch {
        return {}
      }
    })()
    return { status: answer.statusCode, headers: answer.headers, text: answer.payload, body: parsed, session: parsed }
  }
  const create: Orchestrator['create'] = async (body, headers) => {
    const answer = await call('POST', '/v1/sessions', body, headers)
    if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.text}`)
    return answer.session
  }
  const phase: Orchestrator['phase'] = (id, wanted, seconds) =>
    eventually(
      `${id} is ${wanted}`,
      async () => {
        const { session } = await call('GET', `/v1/sessions/${id}`)
        return session.phase === wanted && session
      },
      seconds,
    )
  return { app, engine, metrics: () => metrics.registry.metrics(), call, create, phase, stop }
}

/** A second after its start what a session does is written into its record, once; until then that may come at any moment. */
export const agentKnown = ({ engine }: Pick<Orchestrator, 'engine'>, id: string): Promise<boolean> =>
  eventually(`it is known what ${id} does`, async () => {
    const record = await engine.domain.store.get('acme', id)
    return record !== null && record.agent !== null
  })

/** The runtime, with an engine that refuses these calls while it is `down`. */
export const withOutages = (runtime: Runtime, ...calls: (keyof Runtime)[]) => {
  const engine = { down: false }
  const failing = calls.map((name) => [
    name,
    async (...given: unknown[]) => {
      if (engine.down) throw new HoldfastError('RUNTIME_UNAVAILABLE', 'the engine went to lunch')
      return Reflect.apply(runtime[name] as (...given: unknown[]) => unknown, runtime, given)
    },
  ])
  return { engine, runtime: { ...runtime, ...Object.fromEntries(failing) } as Runtime }
}
