/** A whole Holdfast of one scenario: its own Redis, orchestrators and gateways from source, real containers under a cluster id of its own. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastClient } from '@holdfast/client'
import { type CreateSession, type HoldfastError, type Phase, randomId } from '@holdfast/protocol'
import { freePort } from '@holdfast/session-store/redis-server'
import { CountedStream } from './counted.ts'
import { Door } from './door.ts'
import { type ContainerEvents, Engine } from './engine.ts'
import { FarNode } from './far-node.ts'
import { newPair, pathsIn, SERVICE_IMAGE, SESSION_IMAGE, writeFiles } from './installation.ts'
import { Operator } from './operator.ts'
import { OwnDockerd } from './own-dockerd.ts'
import { RedisServer } from './redis-server.ts'
import type { Service } from './service.ts'
import { secondsSince, until } from './until.ts'

export interface StandOptions {
  /** Each with a gateway of its own before it; one by default. */
  orchestrators?: number
  /** A dockerd that the scenario may harm; the machine's by default. */
  ownDockerd?: boolean
  /** Another node, `far`, besides this machine's, `near`. */
  farNode?: boolean
  /** YAML of further templates. */
  templates?: string
  /** Of the orchestrators, besides what a stand needs. */
  env?: Readonly<Record<string, string>>
}

const MACHINE_SOCKET = '/var/run/docker.sock'

export class Stand {
  readonly cluster = `c${randomId(8)}`
  readonly dir = mkdtempSync(join(tmpdir(), 'hfc-'))
  readonly paths = pathsIn(this.dir)
  readonly orchestrators: Service[] = []
  readonly gateways: Service[] = []
  readonly clients: HoldfastClient[] = []
  /** Sessions that must be alive when the scenario is over. */
  readonly streams = new Set<CountedStream>()
  /** Hosts of warm pools that must wait when it is over. */
  waiting = 0
  operator!: Operator
  redis!: RedisServer
  redisDoor!: Door
  engine!: Engine
  engineDoor!: Door
  dockerd: OwnDockerd | undefined
  far: FarNode | undefined
  readonly #undo = new AsyncDisposableStack()

  private constructor() {}

  static async start(options: StandOptions): Promise<Stand> {
    const stand = new Stand()
    try {
      await stand.#start(options)
      return stand
    } catch (error) {
      await stand.stop()
      throw error
    }
  }

  get client(): HoldfastClient {
    return this.clients[0] as HoldfastClient
  }
  get gateway(): Service {
    return this.gateways[0] as Service
  }
  get orchestrator(): Service {
    return this.orchestrators[0] as Service
  }

  /** A session that counts, and must live on. */
  async stream(more: Partial<CreateSession> = {}): Promise<CountedStream> {
    return this.#track(await CountedStream.create(this.client, more))
  }

  /** The same of a session that is there already, seen through `client`. */
  view(id: string, client = this.client): CountedStream {
    return this.#track(new CountedStream(client, id))
  }

  /** The same of a session whose command was started anew below its old screen. */
  viewAnew(id: string): CountedStream {
    return this.#track(new CountedStream(this.client, id, { startedAnew: true }))
  }

  /** Nobody looks at it any more, and it need not live on. */
  leave(stream: CountedStream): void {
    this.streams.delete(stream)
    stream.detach()
  }

  #track(stream: CountedStream): CountedStream {
    this.streams.add(stream)
    this.#undo.defer(() => stream.detach())
    return stream
  }

  /** That many, made side by side. */
  manyStreams(count: number, more: Partial<CreateSession> = {}): Promise<CountedStream[]> {
    return Promise.all(Array.from({ length: count }, () => this.stream(more)))
  }

  /** The phase, or `none` when there is no such session. Throws what else the API answers. */
  async phase(id: string): Promise<Phase | 'none'> {
    return this.client.getSession(id).then(
      ({ phase }) => phase,
      (error: HoldfastError) => {
        if (error.code === 'SESSION_NOT_FOUND') return 'none'
        throw error
      },
    )
  }

  /** Code of the reason for which the session ended; undefined while it runs. */
  async endReason(id: string): Promise<string | undefined> {
    const { endedAt, reason = '' } = await this.client.getSession(id)
    return endedAt === undefined ? undefined : /^[a-z-]*/.exec(reason)?.[0]
  }

  /** Waits until a new session can be made: the whole way through gateway, orchestrator, Redis, engine and host works. Seconds. */
  async worksAgain(seconds = 60): Promise<number> {
    const begin = performance.now()
    const made = await until('a session can be made', () => this.stream().catch(() => undefined), seconds)
    const after = secondsSince(begin)
    await this.end(made)
    return after
  }

  /** Ends a session by the API. */
  async end(stream: CountedStream): Promise<void> {
    this.leave(stream)
    await this.client.deleteSession(stream.id)
  }

  /** Every container made and removed from now on. */
  containerEvents(): ContainerEvents {
    return this.#undo.use(this.engine.follow(this.cluster))
  }

  /** Another server, not yet started, that goes with the stand. */
  async newRedis(name: string): Promise<RedisServer> {
    const redis = new RedisServer(name, this.paths.logs, await freePort())
    this.#undo.defer(() => redis.stop())
    return redis
  }

  /** Takes the logs of the services aside, for someone to read; returns where to. */
  keepLogs(): string {
    const kept = mkdtempSync(join(tmpdir(), 'holdfast-chaos-logs-'))
    cpSync(this.paths.logs, kept, {
      recursive: true,
      filter: (path) => path === this.paths.logs || path.endsWith('.log'),
    })
    return kept
  }

  /** Ends everything the stand started and takes every trace away. */
  async stop(): Promise<void> {
    await this.#undo.disposeAsync()
    rmSync(this.dir, { recursive: true, force: true })
  }

  async #start({ orchestrators = 1, ownDockerd, farNode, templates = '', env = {} }: StandOptions): Promise<void> {
    const key = writeFiles(this.paths, templates)
    if (ownDockerd) {
      this.dockerd = this.#undo.use(new OwnDockerd(this.paths.logs))
      await this.dockerd.start()
      await this.dockerd.load(MACHINE_SOCKET, SESSION_IMAGE)
    }
    if (farNode) {
      this.far = this.#undo.use(new FarNode())
      await this.far.start(this.paths)
    }
    this.engine = new Engine(this.dockerd?.socket ?? MACHINE_SOCKET)
    this.#undo.defer(() => this.engine.clear(this.cluster))
    this.engineDoor = await Door.open({ path: this.engine.socket }, this.paths.engine)
    this.#undo.defer(() => this.engineDoor.close())
    this.redis = await this.newRedis('redis')
    await this.redis.service.start()
    this.redisDoor = await Door.open({ port: this.redis.port, host: '127.0.0.1' })
    this.#undo.defer(() => this.redisDoor.close())
    const nodes = farNode ? { HOLDFAST_NODES_FILE: this.paths.nodes, HOLDFAST_GUARD_IMAGE: SERVICE_IMAGE } : {}
    while (this.orchestrators.length < orchestrators) await this.#addPair(key, { ...env, ...nodes })
    await Promise.all([...this.orchestrators, ...this.gateways].map((service) => service.start()))
  }

  async #addPair(key: string, env: Readonly<Record<string, string>>): Promise<void> {
    const { paths, cluster, redisDoor, orchestrators, gateways } = this
    const { orchestrator, gateway, url } = await newPair(paths, cluster, redisDoor.port, orchestrators.length, env)
    orchestrators.push(orchestrator)
    gateways.push(gateway)
    this.operator ??= new Operator(url, key)
    this.clients.push(new HoldfastClient({ url, key }))
    for (const service of [orchestrator, gateway]) this.#undo.defer(() => service.kill())
  }
}
