/** A Holdfast whose sessions are pods of a namespace of a test's own, with a door before the API server. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastClient } from '@holdfast/client'
import { type Death, type NodeKubernetes, type NodeSpec, randomId, type Session } from '@holdfast/protocol'
import { freePort } from '@holdfast/session-store/redis-server'
import { Door } from '../../src/chaos/stand/door.ts'
import { newPair, type Pair, type Paths, pathsIn, writeFiles } from '../../src/chaos/stand/installation.ts'
import { RedisServer } from '../../src/chaos/stand/redis-server.ts'
import { kubectl } from './kubernetes.ts'
import { until } from './stack.ts'

export interface PodsOptions {
  /** YAML, besides `counted` and `tight`. */
  templates?: string
  settings?: Partial<NodeKubernetes>
  /** Before the one of the pods, which is `pods`. */
  nodes?: NodeSpec[]
  /** Of the node `pods`. */
  node?: Partial<NodeSpec>
  /** Of the orchestrator's environment. */
  env?: Readonly<Record<string, string>>
}

export class Pods {
  readonly dir = mkdtempSync(join(tmpdir(), 'hft-'))
  readonly cluster = `t${randomId(8)}`
  readonly namespace = `hf-test-${this.cluster}`
  readonly paths: Paths = pathsIn(this.dir)
  pair!: Pair
  client!: HoldfastClient
  #key = ''
  /** Between the orchestrator and the API server. */
  door!: Door
  #redis!: RedisServer
  readonly #options: PodsOptions

  constructor(options: PodsOptions = {}) {
    this.#options = options
  }

  /** As HOLDFAST_KUBECONFIG, but through the door. */
  async #openDoor(): Promise<string> {
    const file = join(this.dir, 'kubeconfig')
    const config = JSON.parse(await kubectl('config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'))
    const [{ cluster }] = config.clusters
    const { hostname, port } = new URL(cluster.server)
    this.door = await Door.open({ host: hostname, port: Number(port === '' ? 443 : port) })
    if (isIP(hostname) === 0) cluster['tls-server-name'] = hostname // else its certificate is good for this machine, too
    cluster.server = `https://127.0.0.1:${this.door.port}`
    writeFileSync(file, JSON.stringify(config))
    return file
  }

  async start(): Promise<void> {
    const { templates = '', settings = {}, nodes = [], node = {}, env = {} } = this.#options
    const key = writeFiles(this.paths, templates)
    await kubectl('create', 'namespace', this.namespace)
    const { namespace } = this
    const engine = {
      kubernetes: { kubeconfig: await this.#openDoor(), namespace, imagePullPolicy: 'Never' as const, ...settings },
    }
    writeFileSync(this.paths.nodes, JSON.stringify([...nodes, { id: 'pods', engine, ...node }]))
    this.#redis = new RedisServer('redis', this.paths.logs, await freePort())
    await this.#redis.service.start()
    const more = { HOLDFAST_NODES_FILE: this.paths.nodes, ...env }
    this.pair = await newPair(this.paths, this.cluster, this.#redis.port, 0, more)
    await this.pair.orchestrator.start()
    await this.pair.gateway.start()
    this.client = new HoldfastClient({ url: this.pair.url, key })
    this.#key = key
  }

  async stop(): Promise<void> {
    await this.pair?.gateway.kill()
    await this.pair?.orchestrator.kill()
    await this.#redis?.stop()
    await this.door?.close()
    await kubectl('delete', 'namespace', this.namespace, '--timeout=240s') // a busy worker takes its time with each pod
    rmSync(this.dir, { recursive: true, force: true })
  }

  /** kubectl in the namespace. */
  here(...args: string[]): Promise<string> {
    return kubectl('-n', this.namespace, ...args)
  }

  /** The names of all pods that are there, but not on their way out. */
  async pods(): Promise<string[]> {
    const { items } = JSON.parse(await this.here('get', 'pods', '-o', 'json')) as {
      items: { metadata: { name: string; deletionTimestamp?: string } }[]
    }
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name)
  }

  /** Of a session that started cold and only once. */
  podOf(id: string): string {
    return `hf-${this.cluster}-${id}-1`
  }

  /** By the Eviction API of this cluster's version. */
  async evict(pod: string): Promise<void> {
    const { minor } = JSON.parse(await kubectl('version', '-o', 'json')).serverVersion as { minor: string }
    const apiVersion = Number.parseInt(minor, 10) >= 22 ? 'policy/v1' : 'policy/v1beta1'
    const file = join(this.dir, 'eviction.json')
    writeFileSync(
      file,
      JSON.stringify({ apiVersion, kind: 'Eviction', metadata: { name: pod, namespace: this.namespace } }),
    )
    await kubectl('create', '--raw', `/api/v1/namespaces/${this.namespace}/pods/${pod}/eviction`, '-f', file)
  }

  /** GET, by an operator. */
  async get(path: string): Promise<unknown> {
    const response = await fetch(this.pair.url + path, { headers: { authorization: `Bearer ${this.#key}` } })
    return response.json()
  }

  async create(): Promise<Session> {
    return this.client.createSession({ template: 'counted' })
  }

  deathOf(id: string, ms?: number): Promise<Death> {
    return until(`the death of ${id}`, async () => (await this.client.deaths(id))[0], ms)
  }

  /** What the orchestrator has written so far. */
  log(): string {
    return readFileSync(join(this.paths.logs, 'orchestrator-0.log'), 'utf8')
  }
}
