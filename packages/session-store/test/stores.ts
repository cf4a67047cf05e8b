/** Stores on a real Redis. */
import { after } from 'node:test'
import type { Redis } from 'ioredis'
import { redisStore, type SessionStore, storeConnection } from '../src/index.ts'
import { newCluster, type RedisServer, redisForTests } from './redis-server.ts'

export interface TestStores {
  /** Why this machine has no Redis in a container; false when it has. */
  skip: string | false
  server(): RedisServer
  /** One connection for the whole file. */
  redis(): Redis
  openStore(cluster?: string): Promise<SessionStore>
}

export const storesForTests = async (env: NodeJS.ProcessEnv): Promise<TestStores> => {
  let redis: Redis | null = null
  after(() => redis?.disconnect()) // before the server goes
  const { skip, server } = await redisForTests(env)
  if (skip === false) redis = storeConnection(server().url) as Redis // a single server
  const connection = (): Redis => {
    if (redis === null) throw new Error(String(skip))
    return redis
  }
  const openStore = async (cluster = newCluster()): Promise<SessionStore> => {
    const store = redisStore({ redis: connection(), cluster })
    await store.open()
    return store
  }
  return { skip, server, redis: connection, openStore }
}
