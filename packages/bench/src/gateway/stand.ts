/** What stands around the gateways under load: Redis with true records, synthetic hosts, the clients, and gateways as they are deployed. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { within } from '../line.ts'
import { CLUSTER, runningRecord, sessionIds, writeRecords } from '../records.ts'
import { bundle, ended, makeSecrets, type Service, startRedis, startService } from '../services.ts'
import type { Undo } from '../undo.ts'
import type { Answer, Order } from './load.ts'

const ORDER_MS = 600_000

export interface Stand {
  /** All of its processes have it in their environment or arguments. */
  dir: string
  sessions: readonly string[]
  startGateway(): Promise<Service>
  /** Throws what went wrong at the clients. */
  order(order: Order): Promise<Answer>
  key: string
}

const startHosts = async (socket: string, masterKeyFile: string, undo: Undo): Promise<void> => {
  const child = fork(join(import.meta.dirname, 'synthetic-hosts.ts'), [socket, masterKeyFile])
  undo.add(() => ended(child))
  await once(child, 'message')
}

const startGateway = (dir: string, redisUrl: string, undo: Undo): Promise<Service> => {
  const env = {
    REDIS_URL: redisUrl,
    ORCHESTRATOR_URL: 'http://127.0.0.1:9', // never asked: the store knows every session
    HOLDFAST_CLUSTER: CLUSTER,
    HOLDFAST_MASTER_KEY_FILE: join(dir, 'secrets/master.key'),
    HOLDFAST_KEYS_FILE: join(dir, 'secrets/keys.json'),
    HOLDFAST_MAX_SOCKETS: '100000',
  }
  return startService('gateway', dir, env, undo)
}

const startLoad = (dir: string, undo: Undo): Stand['order'] => {
  const child = fork(join(import.meta.dirname, 'load.ts'), [dir])
  undo.add(() => ended(child))
  return async (order) => {
    child.send(order)
    const [answer] = (await within(ORDER_MS, 'the clients', once(child, 'message'))) as [Answer]
    if (answer.error !== undefined) throw new Error(`the clients: ${answer.error}`)
    return answer
  }
}

/** Records for `count` sessions, all at one synthetic host process. */
export const buildStand = async (count: number, undo: Undo): Promise<Stand> => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-gateway-'))
  undo.add(() => rmSync(dir, { recursive: true, force: true }))
  const secrets = join(dir, 'secrets')
  const key = makeSecrets(secrets)
  bundle('gateway')
  const sessions = sessionIds(0, count)
  const hosts = join(dir, 'hosts.sock')
  const redisUrl = await startRedis(dir, undo)
  const records = sessions.map((id) => runningRecord(id, `unix:${hosts}`))
  await writeRecords(redisUrl, records)
  await startHosts(hosts, join(secrets, 'master.key'), undo)
  return { dir, sessions, key, startGateway: () => startGateway(dir, redisUrl, undo), order: startLoad(dir, undo) }
}
