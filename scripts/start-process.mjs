/** Runs Redis, orchestrator and gateway as child processes, started again when one dies; session hosts are detached processes. */
import { spawn } from 'node:child_process'
import { mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readPid, writePid } from './pid-file.mjs'
import { run, step } from './progress.mjs'
import { bundles, clusterId, native, node24, redisServer, root } from './setup.mjs'

/** What keeps a session host small, as in images/Dockerfile: settings of the allocator and of V8. */
const SMALL_NODE = ['env', 'MALLOC_ARENA_MAX=1', node24, '--max-semi-space-size=1']
const RESTART_MS = 500
const STOP_MS = 15_000
const READY_MS = 60_000

const until = async (condition, ms) => {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    if (await condition()) return true
    await new Promise((done) => setTimeout(done, 50))
  }
  return false
}

/** Ends a service that an earlier start left behind (it was killed before it could stop them). */
const endLeftover = async (pidFile) => {
  const pid = readPid(pidFile)
  if (pid === undefined) return
  process.kill(pid, 'SIGTERM')
  if (!(await until(() => readPid(pidFile) === undefined, STOP_MS))) process.kill(pid, 'SIGKILL')
}

/** A child that is started again after it dies, until `stop`. */
const supervise = ({ name, command, args, env, dir }) => {
  const pidFile = join(dir, `${name}.pid`)
  const log = openSync(join(dir, `${name}.log`), 'a', 0o600)
  let child
  let stopped = false
  const launch = () => {
    // A group of its own: Ctrl-C in the terminal reaches only us, and we stop them in order.
    child = spawn(command, args, { cwd: root, env, stdio: ['ignore', log, log], detached: true })
    if (child.pid) writePid(pidFile, child.pid)
    child.on('error', (error) => process.stderr.write(`${name}: ${error.message}\n`))
    child.on('close', (code, signal) => {
      if (stopped) return
      process.stderr.write(`${name} ended (${signal ?? code}), starting it again; see ${join(dir, `${name}.log`)}\n`)
      setTimeout(() => stopped || launch(), RESTART_MS)
    })
  }
  launch()
  return async () => {
    stopped = true
    await endLeftover(pidFile)
    rmSync(pidFile, { force: true })
  }
}

const ready = async (url) => {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}

const startRedis = async (dir, runDir) => {
  const socket = join(dir, 'redis.sock')
  const options = {
    port: 0,
    unixsocket: socket,
    unixsocketperm: 700,
    dir: join(dir, 'redis'),
    appendonly: 'yes',
    'maxmemory-policy': 'noeviction',
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  mkdirSync(join(dir, 'redis'), { recursive: true, mode: 0o700 })
  const stop = supervise({ name: 'redis', command: 'redis-server', args, env: process.env, dir: runDir })
  const answers = () =>
    run('redis-cli', ['-s', socket, 'ping']).then(
      (text) => text.startsWith('PONG'),
      () => false,
    )
  if (!(await until(answers, READY_MS))) throw new Error(`Redis does not answer; see ${join(runDir, 'redis.log')}`)
  return { stop, url: `unix://${socket}` }
}

export const start = async ({ data, port: asked, freePort }) => {
  await native()
  await bundles()
  await redisServer()
  const dir = join(data, 'process')
  const runDir = join(dir, 'run')
  for (const path of [runDir, join(dir, 'hosts')]) mkdirSync(path, { recursive: true, mode: 0o700 })
  for (const name of ['gateway', 'orchestrator', 'redis']) await endLeftover(join(runDir, `${name}.pid`))
  const port = await freePort(asked)
  const redis = await startRedis(dir, runDir)
  const shared = {
    ...process.env,
    REDIS_URL: redis.url,
    HOLDFAST_CLUSTER: clusterId(dir),
    HOLDFAST_MASTER_KEY_FILE: join(data, 'secrets/master.key'),
  }
  const service = (name, env) =>
    supervise({
      name,
      command: node24,
      args: [join(root, 'services', name, 'dist/main.mjs')],
      env: { ...shared, ...env },
      dir: runDir,
    })
  const orchestratorPort = await freePort(0)
  const stopOrchestrator = service('orchestrator', {
    PORT: String(orchestratorPort),
    METRICS_PORT: String(await freePort(0)),
    HOLDFAST_RUNTIME: 'process',
    HOLDFAST_HOSTS_DIR: join(dir, 'hosts'),
    HOLDFAST_HOST_COMMAND: JSON.stringify([...SMALL_NODE, join(root, 'services/session/dist/main.cjs')]),
    HOLDFAST_TEMPLATES_FILE: join(data, 'templates.yaml'),
  })
  const stopGateway = service('gateway', {
    PORT: String(port),
    METRICS_PORT: String(await freePort(0)),
    ORCHESTRATOR_URL: `http://127.0.0.1:${orchestratorPort}`,
    HOLDFAST_KEYS_FILE: join(data, 'secrets/keys.json'),
    HOLDFAST_CONSOLE_DIR: join(root, 'packages/console/dist'),
  })
  const up = async () =>
    (await ready(`http://127.0.0.1:${orchestratorPort}/readyz`)) && (await ready(`http://127.0.0.1:${port}/readyz`))
  await step('starting the services', async () => {
    if (!(await until(up, READY_MS))) throw new Error(`the services do not come up; their logs: ${runDir}`)
  })
  const stop = async () => {
    await stopGateway()
    await stopOrchestrator()
    await redis.stop()
  }
  return { port, stop, hint: `logs: ${runDir}` }
}
