/** A whole Holdfast of a test's own, started as a user starts it (`npm start`) with its own data folder. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { HoldfastClient } from '@holdfast/client'

const execute = promisify(execFile)
const root = join(import.meta.dirname, '../../../..')
const START_MS = 180_000
export const DOCKER_SOCKET = '/var/run/docker.sock'

export const dockerIsMissing =
  process.env.HOLDFAST_DOCKER === '1' ? false : 'no Docker engine (HOLDFAST_DOCKER=1 says there is one)'

/** Runs a command; resolves with its standard output, rejects with its standard error. */
export const command = async (file: string, ...args: string[]): Promise<string> =>
  (await execute(file, args, { maxBuffer: 64 << 20 })).stdout

/** Polls until the condition gives something other than false or undefined; rejects naming what was waited for. */
export const until = async <T>(
  what: string,
  condition: () => Promise<T | null | false | undefined> | T | null | false | undefined,
  ms = 30_000,
): Promise<T> => {
  for (const end = Date.now() + ms; ; ) {
    const value = await condition()
    if (value !== false && value !== null && value !== undefined) return value
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain for: ${what}`)
    await new Promise((done) => setTimeout(done, 25))
  }
}

export interface Stack {
  readonly url: string
  readonly key: string
  readonly client: HoldfastClient
  readonly data: string
  readonly cluster: string
  /** Ctrl-C: the services stop, sessions stay. */
  interrupt(): Promise<void>
  /** `npm start` again, with the same data and port. */
  again(): Promise<void>
  /** docker compose on this stack's project. */
  compose(...args: string[]): Promise<string>
  /** SIGKILL to a service's main process, as a crash would: it is started again by whoever watches it. */
  crash(service: 'gateway' | 'orchestrator' | 'redis'): Promise<void>
  /** Ends the services and every session, and removes all traces. */
  destroy(): Promise<void>
}

interface Running {
  child: ChildProcess
  url: string
  key: string
}

const launch = (runtime: string, data: string, port: string, dockerSocket: string): Promise<Running> =>
  new Promise((done, fail) => {
    const args = [join(root, 'scripts/start.mjs'), '--runtime', runtime, '--port', port, '--data', data]
    const env = { ...process.env, HOLDFAST_AIRGAP: '1', HOLDFAST_DOCKER_SOCKET: dockerSocket }
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const failed = (why: string) => fail(new Error(`npm start ${why}:\n${output}`))
    const timer = setTimeout(() => failed('was not ready in time'), START_MS)
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const url = /^url: (\S+)$/m.exec(output)?.[1]
      const key = /^key: (\S+)$/m.exec(output)?.[1]
      if (url === undefined || key === undefined) return
      clearTimeout(timer)
      done({ child, url, key })
    })
    child.once('exit', (code) => failed(`ended with ${code}`))
  })

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) return done()
    child.once('exit', () => done())
  })

/** False when there is no such process. */
const kills = (pid: number): boolean => {
  try {
    return pid > 0 && process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}

/** Needs the images built by `npm test`; `runtime: 'docker'` uses the machine's engine under a cluster id of its own. */
export const startStack = async (
  runtime: 'docker' | 'process',
  { moreTemplates = '', dockerSocket = DOCKER_SOCKET } = {},
): Promise<Stack> => {
  const data = mkdtempSync(join(tmpdir(), 'hf-'))
  writeFileSync(join(data, 'templates.yaml'), readFileSync(join(root, 'templates.yaml'), 'utf8') + moreTemplates)
  let running = await launch(runtime, data, '0', dockerSocket)
  const { url, key } = running
  const port = new URL(url).port
  const cluster = readFileSync(join(data, runtime, 'cluster'), 'utf8')
  const client = new HoldfastClient({ url, key })
  const envFile = join(data, 'docker/compose.env')
  const compose = (...args: string[]) =>
    command(
      'docker',
      'compose',
      '-p',
      `holdfast-${cluster}`,
      '--env-file',
      envFile,
      '-f',
      join(root, 'docker-compose.yml'),
      ...args,
    )
  const mainPid = async (service: string): Promise<number> => {
    if (runtime === 'process')
      return Number(readFileSync(join(data, 'process/run', `${service}.pid`), 'utf8').split(' ')[0])
    const id = (await compose('ps', '-q', service)).trim()
    return Number(await command('docker', 'inspect', '-f', '{{.State.Pid}}', id))
  }
  const interrupt = async () => {
    running.child.kill('SIGINT')
    await ended(running.child)
  }
  return {
    url,
    key,
    client,
    data,
    cluster,
    interrupt,
    again: async () => {
      running = await launch(runtime, data, port, dockerSocket)
    },
    compose,
    crash: async (service) => {
      // Right after an earlier crash the pid may still be that of the one that is gone.
      await until(`${service} is there to be killed`, async () => kills(await mainPid(service).catch(() => 0)), 60_000)
    },
    destroy: async () => {
      const page = await client.listSessions({ limit: 200 }).catch(() => ({ sessions: [] }))
      await Promise.all(page.sessions.map(({ id }) => client.deleteSession(id).catch(() => undefined)))
      await interrupt()
      if (runtime === 'docker') {
        await compose('down', '--volumes', '--timeout', '5')
        await removeSessions(cluster)
      }
      rmSync(data, { recursive: true, force: true })
    },
  }
}

/** What the engine removes already, at the word of an orchestrator that is gone by now, it refuses to remove. */
const removeAll = (list: readonly string[], remove: readonly string[]): Promise<unknown> =>
  until(`nothing is left of docker ${list.join(' ')}`, async () => {
    const ids = (await command('docker', ...list)).split('\n').filter((id) => id !== '')
    if (ids.length > 0) await command('docker', ...remove, ...ids).catch(() => undefined)
    return ids.length === 0
  })

/** Whatever this cluster's sessions left on the engine. */
const removeSessions = async (cluster: string): Promise<void> => {
  await removeAll(['ps', '-aq', '--filter', `label=dev.holdfast.cluster=${cluster}`], ['rm', '-f', '-v'])
  await removeAll(['volume', 'ls', '-q', '--filter', `name=hf-${cluster}-`], ['volume', 'rm', '-f'])
  await command('docker', 'network', 'rm', `hf-${cluster}`).catch(() => undefined)
}
