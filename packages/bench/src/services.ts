/** Redis and services of a run's own, as plain child processes. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Undo } from './undo.ts'

const root = join(import.meta.dirname, '../../..')
const START_MS = 30_000
const LOOK_MS = 50

export interface Service {
  port: number
  metricsPort: number
  pid: number
  stop(): Promise<void>
}

export const patiently = async (what: string, condition: () => Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + START_MS; !(await condition().catch(() => false)); await delay(LOOK_MS)) {
    if (Date.now() > end) throw new Error(`${what} does not answer within ${START_MS / 1000} s`)
  }
}

export const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  await new Promise((done) => probe.close(done))
  return port
}

export const ended = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Resolves with its URL once it runs; it keeps nothing on disk. */
export const startRedis = async (dir: string, undo: Undo): Promise<string> => {
  const socket = join(dir, 'redis.sock')
  const options = { port: 0, unixsocket: socket, dir, save: '', 'maxmemory-policy': 'noeviction' }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = spawn('redis-server', args, { stdio: 'ignore' })
  undo.add(() => ended(child))
  await once(child, 'spawn')
  return `unix://${socket}`
}

const script = (...args: string[]) => execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })

/** Makes the folder and fills it; resolves with the API key. */
export const makeSecrets = (secrets: string): string => {
  mkdirSync(secrets)
  const uid = String(process.getuid?.() ?? 0)
  return /^key: (\S+)/m.exec(script('scripts/secrets.mjs', secrets, uid))?.[1] ?? ''
}

export const bundle = (name: 'gateway' | 'orchestrator'): void => void script('scripts/bundle.mjs', name)

/** The bundled service, as it is deployed; resolves when it is ready. Its log is in `dir`. */
export const startService = async (
  name: 'gateway' | 'orchestrator',
  dir: string,
  given: Readonly<Record<string, string>>,
  undo: Undo,
): Promise<Service> => {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const log = openSync(join(dir, `${name}-${port}.log`), 'a')
  const own = { PORT: String(port), METRICS_PORT: String(metricsPort) }
  const env = { PATH: process.env.PATH, NODE_ENV: 'production', ...own, ...given }
  const program = join(root, 'services', name, 'dist/main.mjs')
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', log, log] })
  const stop = undo.add(() => ended(child))
  await patiently(`the ${name}`, async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok)
  return { port, metricsPort, pid: child.pid ?? 0, stop }
}
