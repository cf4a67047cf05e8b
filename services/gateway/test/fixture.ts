/** A real gateway on a free port between a real `ws` client and stand-ins for all that it talks to. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { hostIdOf, incarnationOf, newSessionId, randomId } from '@holdfast/protocol'
import { createMetrics, newLogger } from '@holdfast/service-kit'
import type { SessionRecord } from '@holdfast/session-store'
import { type ClientOptions, WebSocket } from 'ws'
import { buildGateway, type Gateway } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { METRICS } from '../src/metrics.ts'
import { MASTER_KEY, MemoryStore, StandInHost, StandInOrchestrator } from './stand-ins.ts'

/** Polls until the condition holds; throws when it does not within twenty seconds: the machine may be busy. */
export const until = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 20_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within 20 s: ${what}`)
    await delay(5)
  }
}

export interface KeyFor {
  key: string
  id: string
  principal: string
  tenant: string
  role: 'user' | 'operator'
}
export const newKey = (principal: string, tenant: string, role: 'user' | 'operator' = 'user'): KeyFor => ({
  key: `hf_${randomId(40)}`,
  id: `key-${principal}`,
  principal,
  tenant,
  role,
})
/** Replaced at once, as an editor or a mounted secret does it. */
export const writeKeys = (path: string, keys: readonly KeyFor[]): void => {
  const rows = keys.map(({ key, ...row }) => ({ ...row, hash: createHash('sha256').update(key).digest('hex') }))
  writeFileSync(`${path}.new`, JSON.stringify(rows))
  renameSync(`${path}.new`, path)
}

const record = (id: string, tenant: string, fields: Partial<SessionRecord>): SessionRecord => ({
  ...({ principal: 'ann', rev: 1, incarnation: '', fence: 3, conditions: [], spec: {} } as unknown as SessionRecord),
  id,
  tenant,
  phase: 'running',
  ...fields,
})

export interface Refusal {
  status: number
  code: string
  headers: IncomingHttpHeaders
}

/** Also after an error: `once` would throw it. */
export const closed = (socket: Socket): Promise<void> => new Promise((done) => socket.once('close', () => done()))

export class Fixture {
  readonly dir = mkdtempSync(join(tmpdir(), 'hfgw-'))
  readonly keysFile = join(this.dir, 'keys.json')
  readonly ann = newKey('ann', 'one')
  readonly eve = newKey('eve', 'two')
  readonly store = new MemoryStore()
  readonly orchestrator = new StandInOrchestrator()
  readonly metrics = createMetrics(METRICS)
  readonly clients: WebSocket[] = []
  readonly hosts: StandInHost[] = []
  gateway!: Gateway
  port = 0

  async start(env: NodeJS.ProcessEnv): Promise<void> {
    await this.orchestrator.start()
    writeKeys(this.keysFile, [this.ann, this.eve])
    writeFileSync(join(this.dir, 'master'), MASTER_KEY)
    const config = readConfig({
      REDIS_URL: 'redis://unused',
      ORCHESTRATOR_URL: this.orchestrator.url,
      HOLDFAST_MASTER_KEY_FILE: join(this.dir, 'master'),
      HOLDFAST_KEYS_FILE: this.keysFile,
      ...env,
    })
    const logger = newLogger('gateway', 'silent')
    this.gateway = await buildGateway({ config, logger, metrics: this.metrics, store: this.store })
    await this.gateway.app.listen({ host: '127.0.0.1', port: 0 })
    this.port = (this.gateway.app.server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.terminate()
    for (const host of this.hosts) await host.close()
    await this.gateway.app.close()
    await this.orchestrator.stop()
    rmSync(this.dir, { recursive: true })
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }
  attachPath(session: string): string {
    return `/v1/sessions/${session}/attach`
  }

  /** A session of tenant `one` in the store; `fields` differ from a running one. */
  addSession(fields: Partial<SessionRecord> = {}, tenant = 'one'): SessionRecord {
    const id = newSessionId('test')
    const hostId = hostIdOf(id, incarnationOf(1))
    const made = record(id, tenant, { hostId, address: `unix:${join(this.dir, hostId)}`, ...fields })
    this.store.records.set(id, made)
    return made
  }

  /** A host that listens at the session's address. */
  async hostOf(session: SessionRecord): Promise<StandInHost> {
    const host = new StandInHost(session.hostId ?? '')
    this.hosts.push(host)
    await host.listen((session.address ?? '').slice('unix:'.length))
    return host
  }

  async running(): Promise<{ session: SessionRecord; host: StandInHost }> {
    const session = this.addSession()
    return { session, host: await this.hostOf(session) }
  }

  addTicket(session: string, mode: 'rw' | 'ro' = 'rw', ttlMs = 60_000, uses = 1): string {
    const ticket = randomId(32)
    const grant = { tenant: 'one', session, principal: 'ann', mode }
    this.store.tickets.set(ticket, { ...grant, uses, expires: Date.now() + ttlMs })
    return ticket
  }

  dial(session: string, protocols: string[] = ['holdfast.v1'], options: ClientOptions = this.auth()): WebSocket {
    const url = `ws://127.0.0.1:${this.port}${this.attachPath(session)}`
    const client = new WebSocket(url, protocols, { perMessageDeflate: false, ...options })
    client.on('error', () => undefined)
    this.clients.push(client)
    return client
  }
  auth(key = this.ann.key): ClientOptions {
    return { headers: { authorization: `Bearer ${key}` } }
  }

  async open(session: string, protocols?: string[], options?: ClientOptions): Promise<WebSocket> {
    const client = this.dial(session, protocols, options)
    const refused = once(client, 'unexpected-response').then(([, answer]) => {
      throw new Error(`refused: ${(answer as IncomingMessage).statusCode}`)
    })
    await Promise.race([once(client, 'open'), refused])
    return client
  }

  /** The answer to an attach that must be refused before the upgrade. */
  async refusal(session: string, protocols?: string[], options?: ClientOptions): Promise<Refusal> {
    const client = this.dial(session, protocols, options)
    const opened = once(client, 'open').then(() => {
      throw new Error('it was upgraded')
    })
    const refused = once(client, 'unexpected-response') as Promise<[unknown, IncomingMessage]>
    const [, answer] = await Promise.race([refused, opened])
    let body = ''
    for await (const chunk of answer) body += chunk
    return { status: answer.statusCode ?? 0, code: JSON.parse(body).code, headers: answer.headers }
  }

  /** Sends text as it is and gives back all that comes until the gateway closes. */
  async speak(text: string | Buffer): Promise<string> {
    const socket = connect(this.port, '127.0.0.1')
    socket.on('error', () => undefined).write(text)
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    await closed(socket)
    return Buffer.concat(chunks).toString('latin1')
  }

  async attachments(): Promise<number> {
    const { values } = await this.metrics.holdfast_gateway_attachments.get()
    return values[0]?.value ?? 0
  }
  async counted(name: keyof typeof METRICS, labels: Record<string, string>): Promise<number> {
    const { values } = await this.metrics[name].get()
    const found = values.find((value) => Object.entries(labels).every(([key, want]) => value.labels[key] === want))
    return found?.value ?? 0
  }
}

export const startFixture = async (t: TestContext, env: NodeJS.ProcessEnv = {}): Promise<Fixture> => {
  const fixture = new Fixture()
  t.after(() => fixture.stop())
  await fixture.start(env)
  return fixture
}

export const messagesOf = (socket: WebSocket): Buffer[] => {
  const got: Buffer[] = []
  socket.on('message', (data) => got.push(data as Buffer))
  return got
}
