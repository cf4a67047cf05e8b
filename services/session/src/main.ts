/** Starts a session host: one process, one session, claimed over HTTP. */
import { newLogger } from '@holdfast/service-kit'
import { buildHost } from './app.ts'
import { readConfig } from './config.ts'
import { findHold } from './hold.ts'
import { Host } from './host.ts'
import { superviseLifetime } from './lifetime.ts'
import { listen } from './listen.ts'
import { OOM_COUNTERS } from './oom.ts'
import { spareMemory } from './spare-memory.ts'

const config = readConfig(process.env)
const logger = newLogger('session', config.LOG_LEVEL)
const host = new Host({
  hostId: config.HOLDFAST_HOST_ID,
  hold: findHold(config.HOLDFAST_HOLD),
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
// Not awaited: the bundle is CommonJS, which has no await at its top.
void listen(server, config.HOLDFAST_LISTEN).then(() => {
  logger.info({ hostId: config.HOLDFAST_HOST_ID, address: config.HOLDFAST_LISTEN }, 'listening')
  spareMemory(host)
})
