/** The files and the processes of a stand's Holdfast: secrets, templates, and pairs of an orchestrator and a gateway that asks it. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomId } from '@holdfast/protocol'
import { freePort } from '@holdfast/session-store/redis-server'
import { Service } from './service.ts'

export const SESSION_IMAGE = process.env.HOLDFAST_SESSION_IMAGE ?? 'holdfast/session'
/** Has the door of a node elsewhere. */
export const SERVICE_IMAGE = process.env.HOLDFAST_SERVICE_IMAGE ?? 'holdfast/service'

/** Without a network, so that a stand needs no firewall. `tight` can fill its memory with files. */
const TEMPLATES = `
- {name: counted, image: "${SESSION_IMAGE}", command: [bash], network: false, limits: {memoryMb: 256, cpus: 1, pids: 128}}
- {name: tight, image: "${SESSION_IMAGE}", command: [bash], network: false, limits: {memoryMb: 128, tmpMb: 256}}
`

export interface Paths {
  hosts: string
  logs: string
  /** The door to the engine, and that to the other node's. */
  engine: string
  farEngine: string
  nodes: string
  master: string
  keys: string
  templates: string
}

export const pathsIn = (dir: string): Paths => ({
  hosts: join(dir, 'hosts'),
  logs: join(dir, 'logs'),
  engine: join(dir, 'docker.sock'),
  farEngine: join(dir, 'far.sock'),
  nodes: join(dir, 'nodes.json'),
  master: join(dir, 'master.key'),
  keys: join(dir, 'keys.json'),
  templates: join(dir, 'templates.yaml'),
})

/** Makes folders, secrets and templates; returns the API key. */
export const writeFiles = (paths: Paths, moreTemplates: string): string => {
  const key = `hf_${randomId(40)}`
  const hash = createHash('sha256').update(key).digest('hex')
  const keys = [{ id: 'first', hash, principal: 'admin', tenant: 'default', role: 'operator' }]
  for (const path of [paths.hosts, paths.logs]) mkdirSync(path)
  writeFileSync(paths.master, randomId(40))
  writeFileSync(paths.keys, JSON.stringify(keys))
  writeFileSync(paths.templates, TEMPLATES + moreTemplates)
  return key
}

/** As it is deployed: `npm test` and `npm run chaos` build it. */
const mainOf = (service: string): string =>
  join(import.meta.dirname, `../../../../../services/${service}/dist/main.mjs`)

const readyAt = (url: string) => (): Promise<boolean> =>
  fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
    ({ ok }) => ok,
    () => false,
  )

export interface Pair {
  orchestrator: Service
  gateway: Service
  /** Of the gateway. */
  url: string
}

/** The `n`-th pair, not started yet; addresses stay the same over restarts. `more`: of the orchestrator's environment. */
export const newPair = async (
  paths: Paths,
  cluster: string,
  redisPort: number,
  n: number,
  more: Readonly<Record<string, string>> = {},
): Promise<Pair> => {
  const asked = `http://127.0.0.1:${await freePort()}`
  const url = `http://127.0.0.1:${await freePort()}`
  const shared = {
    METRICS_PORT: '0',
    REDIS_URL: `redis://127.0.0.1:${redisPort}`,
    HOLDFAST_CLUSTER: cluster,
    HOLDFAST_MASTER_KEY_FILE: paths.master,
  }
  const service = (name: string, at: string, env: Record<string, string>): Service =>
    new Service({
      name: `${name}-${n}`,
      command: process.execPath,
      args: [mainOf(name)],
      env: { ...shared, ...env, PORT: new URL(at).port },
      log: join(paths.logs, `${name}-${n}.log`),
      ready: readyAt(at),
    })
  const orchestrator = service('orchestrator', asked, {
    HOLDFAST_RUNTIME: 'docker',
    HOLDFAST_HOSTS_DIR: paths.hosts,
    HOLDFAST_TEMPLATES_FILE: paths.templates,
    HOLDFAST_DOCKER_SOCKET: paths.engine,
    ...more,
  })
  const gateway = service('gateway', url, {
    ORCHESTRATOR_URL: asked,
    HOLDFAST_KEYS_FILE: paths.keys,
    HOLDFAST_MAX_SOCKETS: '10000',
  })
  return { orchestrator, gateway, url }
}
