/** The orchestrator as it is deployed, with a Redis of its own, a synthetic Docker engine and the machine's own, and clients that call as a gateway does. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Principal, serviceKey, sign } from '@holdfast/service-kit'
import { CLUSTER, TENANT } from '../records.ts'
import { bundle, ended, makeSecrets, type Service, startRedis, startService } from '../services.ts'
import type { Undo } from '../undo.ts'
import { REAL_NODE, REAL_TEMPLATE, removeReal, whyNotReal } from './real-engine.ts'

const TOKEN_MS = 60_000
const CALL_MS = 120_000
const LABELS = { engine: 'synthetic' }
const TEMPLATE = { name: 'synthetic', image: 'synthetic', command: ['cat'], network: false, nodeSelector: LABELS }

export class Refused extends Error {
  readonly retryable: boolean
  constructor(status: number, text: string) {
    super(`the orchestrator answered ${status}: ${text}`)
    this.retryable = status === 429 || status === 503
  }
}

export interface Stand {
  /** All of its processes have it in their environment or arguments. */
  dir: string
  redisUrl: string
  /** Of the synthetic engine. */
  engineSocket: string
  hostsDir: string
  /** Why there are no sessions on the machine's own engine; null when there can be. */
  notReal: string | null
  /** The one that runs now. */
  orchestrator(): Service
  /** Kills it and starts another one; resolves when that is ready. */
  restart(): Promise<void>
  /** One call of the API. Throws Refused for what is not 2xx. */
  call<T>(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<T>
  /** A number of /metrics: of the series whose name and labels are written so. */
  metric(series: string): Promise<number>
}

const fetchText = async (port: number, path: string): Promise<string> =>
  (await fetch(`http://127.0.0.1:${port}${path}`)).text()

/** Calls over kept connections, as many as there are calls at one time. */
const caller = (port: () => number, masterKey: string): Stand['call'] => {
  const agent = new Agent({ keepAlive: true })
  const who: Principal = { principal: 'bench', tenant: TENANT, role: 'operator' }
  return <T>(method: string, path: string, body?: unknown, more?: Readonly<Record<string, string>>) =>
    new Promise<T>((resolve, reject) => {
      const payload = body === undefined ? '' : JSON.stringify(body)
      const authorization = `Bearer ${sign(serviceKey(masterKey), who, TOKEN_MS)}`
      const content = body === undefined ? {} : { 'content-type': 'application/json' }
      const headers = { ...more, authorization, ...content, 'content-length': Buffer.byteLength(payload) }
      const calling = request(
        { agent, port: port(), host: '127.0.0.1', method, path, headers, timeout: CALL_MS },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk
          })
          response.on('end', () => {
            const status = response.statusCode ?? 0
            if (status < 200 || status > 299) reject(new Refused(status, text))
            else resolve(JSON.parse(text) as T)
          })
        },
      )
      calling.on('timeout', () => calling.destroy(new Error(`${method} ${path}: no answer within ${CALL_MS} ms`)))
      calling.on('error', reject).end(payload)
    })
}

const startEngine = async (engineSocket: string, hostSocket: string, undo: Undo): Promise<void> => {
  const child = fork(join(import.meta.dirname, 'synthetic-engine.ts'), [engineSocket, hostSocket])
  undo.add(() => ended(child))
  await once(child, 'message')
}

export const buildStand = async (undo: Undo): Promise<Stand> => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-control-'))
  undo.add(() => rmSync(dir, { recursive: true, force: true }))
  const [secrets, hostsDir] = [join(dir, 'secrets'), join(dir, 'hosts')]
  const [engineSocket, templates] = [join(dir, 'engine.sock'), join(dir, 'templates.yaml')]
  const nodes = join(dir, 'nodes.yaml')
  const notReal = whyNotReal()
  makeSecrets(secrets)
  mkdirSync(hostsDir)
  writeFileSync(templates, JSON.stringify([TEMPLATE, REAL_TEMPLATE]))
  const synthetic = { id: 'synthetic', engine: { socket: engineSocket }, labels: LABELS }
  writeFileSync(nodes, JSON.stringify(notReal === null ? [synthetic, REAL_NODE] : [synthetic]))
  if (notReal === null) undo.add(removeReal)
  bundle('orchestrator')
  const redisUrl = await startRedis(dir, undo)
  await startEngine(engineSocket, join(dir, 'hosts.sock'), undo)
  const masterKeyFile = join(secrets, 'master.key')
  const env = {
    REDIS_URL: redisUrl,
    HOLDFAST_CLUSTER: CLUSTER,
    HOLDFAST_REGION: 'bench',
    HOLDFAST_RUNTIME: 'docker',
    HOLDFAST_NODES_FILE: nodes,
    HOLDFAST_HOSTS_DIR: hostsDir,
    HOLDFAST_MASTER_KEY_FILE: masterKeyFile,
    HOLDFAST_TEMPLATES_FILE: templates,
  }
  const start = () => startService('orchestrator', dir, env, undo)
  let orchestrator = await start()
  const restart = async (): Promise<void> => {
    await orchestrator.stop()
    orchestrator = await start()
  }
  const call = caller(() => orchestrator.port, readFileSync(masterKeyFile, 'utf8').trim())
  const metric = async (series: string): Promise<number> => {
    const lines = (await fetchText(orchestrator.metricsPort, '/metrics')).split('\n')
    return Number(lines.find((line) => line.startsWith(`${series} `))?.slice(series.length + 1) ?? 0)
  }
  return { dir, redisUrl, engineSocket, hostsDir, notReal, orchestrator: () => orchestrator, restart, call, metric }
}
