/** What stands around the gateways under load: Redis with true records, synthetic hosts, the clients, and gateways as they are deployed. */
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { DEFAULT_COLS, DEFAULT_ROWS, hostIdOf, REPLAY_BYTES, SCROLLBACK_LINES } from '@holdfast/protocol'
import { redisStore, type SessionRecord, type SessionStore, storeConnection } from '@holdfast/session-store'
import { within } from '../line.ts'
import type { Undo } from '../undo.ts'
import type { Answer, Order } from './load.ts'

const root = join(import.meta.dirname, '../../../..')
const CLUSTER = 'bench'
const INCARNATION = 'first1'
const START_MS = 30_000
const LOOK_MS = 50
const ORDER_MS = 600_000
const RECORDS_AT_ONCE = 100

export interface Gateway {
  port: number
  pid: number
  stop(): Promise<void>
}
export interface Stand {
  /** All of its processes have it in their environment or arguments. */
  dir: string
  sessions: readonly string[]
  startGateway(): Promise<Gateway>
  /** Throws what went wrong at the clients. */
  order(order: Order): Promise<Answer>
  key: string
}

const patiently = async (what: string, condition: () => Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + START_MS; !(await condition().catch(() => false)); await delay(LOOK_MS)) {
    if (Date.now() > end) throw new Error(`${what} does not answer within ${START_MS / 1000} s`)
  }
}

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  await new Promise((done) => probe.close(done))
  return port
}

const ended = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

const startRedis = async (dir: string, undo: Undo): Promise<string> => {
  const socket = join(dir, 'redis.sock')
  const options = [
    '--port',
    '0',
    '--unixsocket',
    socket,
    '--dir',
    dir,
    '--save',
    '',
    '--maxmemory-policy',
    'noeviction',
  ]
  const child = spawn('redis-server', options, { stdio: 'ignore' })
  undo.add(() => ended(child))
  await once(child, 'spawn')
  return `unix://${socket}`
}

const recordOf = (id: string, address: string): SessionRecord => {
  const createdAt = new Date().toISOString()
  const size = { cols: DEFAULT_COLS, rows: DEFAULT_ROWS }
  const keep = { replayBytes: REPLAY_BYTES, scrollbackLines: SCROLLBACK_LINES }
  const life = { createdAt, ttlSeconds: null, idleSeconds: null }
  const command = { command: 'cat', args: [], cwd: null, env: {}, labels: {} }
  const policies = { sizePolicy: 'latest', clipboard: 'controller' }
  return {
    ...{ id, tenant: 'default', principal: 'admin', phase: 'running', rev: 1, incarnation: INCARNATION, fence: 1 },
    spec: { name: id, template: 'shell', region: 'bench', ...command, ...size, ...policies, ...keep, ...life },
    ...{ image: '', network: false, limits: {}, runtime: 'process', node: 'bench' },
    ...{ hostId: hostIdOf(id, INCARNATION), address, conditions: [], reason: null, forget: false },
    ...{ createdAt, startedAt: createdAt, endedAt: null, exitCode: null, signal: null, deadline: null },
  } as SessionRecord
}

const writeRecords = async (url: string, sessions: readonly string[], address: string): Promise<void> => {
  const redis = storeConnection(url)
  const store: SessionStore = redisStore({ redis, cluster: CLUSTER })
  await patiently('Redis', () => store.open().then(() => true))
  for (let at = 0; at < sessions.length; at += RECORDS_AT_ONCE) {
    await Promise.all(sessions.slice(at, at + RECORDS_AT_ONCE).map((id) => store.adopt(recordOf(id, address))))
  }
  redis.disconnect()
}

const startHosts = async (socket: string, masterKeyFile: string, undo: Undo): Promise<void> => {
  const child = fork(join(import.meta.dirname, 'synthetic-hosts.ts'), [socket, masterKeyFile])
  undo.add(() => ended(child))
  await once(child, 'message')
}

const startGateway = async (dir: string, redisUrl: string, undo: Undo): Promise<Gateway> => {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const log = openSync(join(dir, `gateway-${port}.log`), 'a')
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    REDIS_URL: redisUrl,
    ORCHESTRATOR_URL: 'http://127.0.0.1:9', // never asked: the store knows every session
    HOLDFAST_CLUSTER: CLUSTER,
    HOLDFAST_MASTER_KEY_FILE: join(dir, 'secrets/master.key'),
    HOLDFAST_KEYS_FILE: join(dir, 'secrets/keys.json'),
    HOLDFAST_MAX_SOCKETS: '100000',
  }
  const program = join(root, 'services/gateway/dist/main.mjs')
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', log, log] })
  const stop = undo.add(() => ended(child))
  await patiently('the gateway', async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok)
  return { port, pid: child.pid ?? 0, stop }
}

const startLoad = (dir: string, undo: Undo): Stand['order'] => {
  const child = fork(join(import.meta.dirname, 'load.ts'), [dir])
  undo.add(() => ended(child))
  return async (order) => {
    child.send(order)
    const [answer] = (await within(ORDER_MS, 'the clients', once(child, 'message'))) as [Answer]
    if (answer.error !== undefined) throw new Error(`the clients: ${answer.error}`)
    return answer
  }
}

/** Records for `count` sessions, all at one synthetic host process. */
export const buildStand = async (count: number, undo: Undo): Promise<Stand> => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-gateway-'))
  undo.add(() => rmSync(dir, { recursive: true, force: true }))
  const secrets = join(dir, 'secrets')
  mkdirSync(secrets)
  const uid = String(process.getuid?.() ?? 0)
  const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  const key = /^key: (\S+)/m.exec(node('scripts/secrets.mjs', secrets, uid))?.[1] ?? ''
  node('scripts/bundle.mjs', 'gateway')
  const sessions = Array.from({ length: count }, (_, index) => `bench-${String(index).padStart(14, '0')}`)
  const hosts = join(dir, 'hosts.sock')
  const redisUrl = await startRedis(dir, undo)
  await writeRecords(redisUrl, sessions, `unix:${hosts}`)
  await startHosts(hosts, join(secrets, 'master.key'), undo)
  return { dir, sessions, key, startGateway: () => startGateway(dir, redisUrl, undo), order: startLoad(dir, undo) }
}
