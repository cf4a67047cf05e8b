/** A real Redis 7 in a container for one test file, and stores on it. */
import { after } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { randomId } from '@holdfast/protocol'
import type { Redis } from 'ioredis'
import { GenericContainer, getContainerRuntimeClient, PullPolicy, Wait } from 'testcontainers'
import { redisStore, type SessionStore, storeConnection } from '../src/index.ts'

const REDIS_PORT = 6379
/** As the set-up of `npm test` builds it; never pulled. */
const IMAGE = 'holdfast/redis:7'

interface Server {
  url: string
  /** Freezes the process: connections stay, nothing answers. */
  pause(): Promise<void>
  unpause(): Promise<void>
  remove(): Promise<void>
}

const startServer = async (): Promise<Server> => {
  const started = await new GenericContainer(IMAGE)
    .withPullPolicy(PullPolicy.neverPull())
    .withCommand([
      'redis-server',
      '--protected-mode',
      'no',
      '--maxmemory-policy',
      'noeviction',
      '--save',
      '',
      '--appendonly',
      'no',
    ])
    .withExposedPorts(REDIS_PORT)
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .start()
  const container = (await getContainerRuntimeClient()).container.getById(started.getId())
  return {
    url: `redis://${started.getHost()}:${started.getMappedPort(REDIS_PORT)}`,
    pause: async () => void (await container.pause()),
    unpause: async () => void (await container.unpause()),
    remove: async () => void (await started.stop()),
  }
}

export interface TestRedis {
  /** Why this machine has no Redis in a container; false when it has. */
  skip: string | false
  server(): Server
  /** One connection for the whole file. */
  redis(): Redis
  openStore(cluster?: string): Promise<SessionStore>
}

export const newCluster = (): string => `t${randomId(8)}`

/** Started before the tests of the file, removed after them. With CI=true a machine without Docker fails. */
export const redisForTests = async (env: NodeJS.ProcessEnv): Promise<TestRedis> => {
  env.TESTCONTAINERS_RYUK_DISABLED = 'true' // its image may not be here, and nothing is pulled
  const started = await startServer().catch((error: unknown) => {
    if (env.CI === 'true') throw error
    return `no Redis in a container here: ${error instanceof Error ? error.message : String(error)}`
  })
  if (typeof started === 'string') {
    const none = () => {
      throw new Error(started)
    }
    return { skip: started, server: none, redis: none, openStore: none }
  }
  const redis = storeConnection(started.url)
  after(async () => {
    redis.disconnect()
    await started.remove()
  })
  const openStore = async (cluster = newCluster()): Promise<SessionStore> => {
    const store = redisStore({ redis, cluster })
    await store.open()
    return store
  }
  return { skip: false, server: () => started, redis: () => redis, openStore }
}

/** Asks until the condition holds, for at most `seconds`. */
export const eventually = async (what: string, condition: () => Promise<boolean>, seconds = 15): Promise<void> => {
  const until = Date.now() + seconds * 1000
  while (!(await condition())) {
    if (Date.now() > until) throw new Error(`not within ${seconds} s: ${what}`)
    await delay(50)
  }
}
