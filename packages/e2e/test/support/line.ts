/** The way of the bytes alone: a session host and a gateway as real processes, without containers, Redis and orchestrator. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { type Claim, type HostStatus, hostIdOf, incarnationOf, newSessionId, randomId } from '@holdfast/protocol'
import { GRANT_TTL_MS, type HostGrant, hostKey, sign } from '@holdfast/service-kit'

const MASTER_KEY = 'a master key for tests only'
/** As they are deployed: `npm test` builds them, and from source each start would take ten times as long. */
const MAINS = {
  gateway: join(import.meta.dirname, '../../../../services/gateway/dist/main.mjs'),
  session: join(import.meta.dirname, '../../../../services/session/dist/main.cjs'),
}

/** With the allocator's setting below what keeps a host small, as in images/Dockerfile. */
const SMALL = ['--max-semi-space-size=1']

/** Polls until the condition holds; the deadline turns a hang into a failure that says what was missing. */
export const eventually = async (what: string, met: () => unknown, seconds = 60): Promise<void> => {
  const deadline = Date.now() + seconds * 1000
  while (!(await met())) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`)
    await delay(10)
  }
}

/** Memory that the process has of its own, MiB; source: proc_pid_status(5). */
export const residentMib = (pid: number): number =>
  Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** One incarnation of one session. */
export class HostProcess {
  readonly session: string
  readonly hostId: string
  readonly fence: number
  readonly path: string
  readonly #child: ChildProcess

  constructor(directory: string, session: string, fence: number) {
    this.session = session
    this.fence = fence
    this.hostId = hostIdOf(session, incarnationOf(fence))
    this.path = join(directory, `${this.hostId}.sock`)
    const env = {
      PATH: '/usr/bin:/bin',
      MALLOC_ARENA_MAX: '1',
      HOLDFAST_HOST_ID: this.hostId,
      HOLDFAST_HOST_KEY: hostKey(MASTER_KEY, this.hostId),
      HOLDFAST_LISTEN: `unix:${this.path}`,
      LOG_LEVEL: 'error',
    }
    const args = [...SMALL, MAINS.session]
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'], env })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  grant(op: HostGrant['op']): string {
    const { session, hostId: host, fence } = this
    const body: HostGrant = { host, session, fence, op, mode: 'rw', principal: 'ann' }
    return sign(hostKey(MASTER_KEY, host), body, GRANT_TTL_MS)
  }

  async call(method: string, path: string, body?: object): Promise<string> {
    const headers = { authorization: `Bearer ${this.grant('manage')}` }
    const outgoing = request({ socketPath: this.path, method, path, headers, agent: false })
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    const [response] = await once(outgoing, 'response')
    let text = ''
    for await (const chunk of response) text += chunk
    if (response.statusCode !== 200) throw new Error(`${method} ${path}: ${text}`)
    return text
  }

  async status(): Promise<HostStatus> {
    return JSON.parse(await this.call('GET', '/status'))
  }

  async claim(command: string, args: string[], more: Partial<Claim>): Promise<void> {
    await eventually('the host listens', () => this.call('GET', '/healthz').catch(() => undefined))
    const claim: Claim = {
      session: this.session,
      tenant: 'one',
      principal: 'ann',
      incarnation: this.hostId.slice(-6),
      fence: this.fence,
      name: 'test',
      template: 'default',
      sizePolicy: 'latest',
      clipboard: 'controller',
      region: 'test',
      command,
      args,
      cwd: null,
      env: {},
      cols: 80,
      rows: 24,
      labels: {},
      createdAt: new Date().toISOString(),
      expiresAt: null,
      idleAction: 'stop',
      restart: 'never',
      idleSeconds: null,
      replayBytes: 1024 * 1024,
      scrollbackLines: 1000,
      ...more,
    }
    await this.call('POST', '/claim', claim)
  }

  kill(): Promise<void> {
    return kill(this.#child)
  }
}

export class Line {
  readonly key = `hf_${randomId(40)}`
  port = 0
  readonly directory = mkdtempSync(join(tmpdir(), 'hf-line-'))
  readonly #hosts: HostProcess[] = []
  /** What the orchestrator knows: session → where it is. */
  readonly #places = new Map<string, object>()
  readonly #orchestrator: Server
  #gateway!: ChildProcess

  private constructor() {
    this.#orchestrator = createServer((asked, answer) => {
      const place = this.#places.get(/^\/internal\/resolve\/(.+)$/.exec(asked.url ?? '')?.[1] ?? '')
      answer.statusCode = place ? 200 : 404
      answer.end(JSON.stringify(place ?? { code: 'SESSION_NOT_FOUND', detail: 'no such session' }))
    })
  }

  static async start(): Promise<Line> {
    const line = new Line()
    line.#orchestrator.listen(0, '127.0.0.1')
    await once(line.#orchestrator, 'listening')
    await line.#startGateway()
    return line
  }

  get gatewayPid(): number {
    return this.#gateway.pid ?? 0
  }

  get gatewayAlive(): boolean {
    return this.#gateway.exitCode === null && this.#gateway.signalCode === null
  }

  /** A session that runs the command. `addressOf` may put something between gateway and host. */
  async session(
    command: string,
    args: string[],
    more: Partial<Claim> = {},
    addressOf: (host: HostProcess) => string | Promise<string> = ({ path }) => `unix:${path}`,
  ): Promise<HostProcess> {
    const host = new HostProcess(this.directory, more.session ?? newSessionId('test'), more.fence ?? 1)
    this.#hosts.push(host)
    await host.claim(command, args, more)
    const { session, hostId, fence } = host
    const address = await addressOf(host)
    this.#places.set(session, { tenant: 'one', session, hostId, address, fence, phase: 'running' })
    return host
  }

  async stop(): Promise<void> {
    await Promise.all([kill(this.#gateway), ...this.#hosts.map((host) => host.kill())])
    this.#orchestrator.closeAllConnections()
    this.#orchestrator.close()
    rmSync(this.directory, { recursive: true, force: true })
  }

  async #startGateway(): Promise<void> {
    const [keys, master] = ['keys.json', 'master'].map((name) => join(this.directory, name)) as [string, string]
    const hash = createHash('sha256').update(this.key).digest('hex')
    writeFileSync(keys, JSON.stringify([{ id: 'key-ann', principal: 'ann', tenant: 'one', role: 'user', hash }]))
    writeFileSync(master, MASTER_KEY)
    this.#gateway = spawn(process.execPath, [MAINS.gateway], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PORT: '0',
        METRICS_PORT: '0',
        REDIS_URL: 'redis://127.0.0.1:1', // tcpmux: nothing listens there, so the orchestrator is asked
        ORCHESTRATOR_URL: `http://127.0.0.1:${(this.#orchestrator.address() as AddressInfo).port}`,
        HOLDFAST_MASTER_KEY_FILE: master,
        HOLDFAST_KEYS_FILE: keys,
      },
    })
    if (this.#gateway.stdout === null) throw new Error('no output')
    for await (const text of createInterface(this.#gateway.stdout)) {
      this.port = Number(/listening at http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1] ?? this.port)
      if (this.port !== 0) break
    }
    this.#gateway.stdout.resume()
  }
}
