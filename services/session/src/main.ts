/** Starts a session host: one process, one session, claimed over HTTP. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { newLogger } from '@holdfast/service-kit'
import { buildHost } from './app.ts'
import { readConfig } from './config.ts'
import { Host } from './host.ts'
import { superviseLifetime } from './lifetime.ts'
import { listen } from './listen.ts'
import { OOM_COUNTERS } from './oom.ts'

const config = readConfig(process.env)
const logger = newLogger('session', config.LOG_LEVEL)
// Beside the bundle, or where scripts/native.mjs puts it.
const built = ['./build/hold', '../build/hold'].map((path) => fileURLToPath(new URL(path, import.meta.url)))
const hold = config.HOLDFAST_HOLD || (built.find((path) => existsSync(path)) ?? 'hold')
const host = new Host({
  hostId: config.HOLDFAST_HOST_ID,
  hold,
  oomCounters: OOM_COUNTERS,
  surroundings: { env: { ...process.env }, cwd: process.cwd() },
  logger,
})
const server = buildHost({
  host,
  hostId: config.HOLDFAST_HOST_ID,
  hostKey: config.HOLDFAST_HOST_KEY,
  logger,
})
const leave = superviseLifetime({
  host,
  logger,
  lingerMs: config.HOLDFAST_LINGER_MS,
  writeLine: (line) => new Promise((done) => process.stdout.write(`${line}\n`, () => done())),
  exit: (code) => process.exit(code),
})
process.on('SIGTERM', () => void leave())
process.on('SIGINT', () => void leave())
await listen(server, config.HOLDFAST_LISTEN)
logger.info({ hostId: config.HOLDFAST_HOST_ID, address: config.HOLDFAST_LISTEN }, 'listening')
