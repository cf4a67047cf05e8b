/** The session store on a Redis Cluster of three: no script touches two slots. And what REDIS_URL may be. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { checkPolicy, redisClient, redisStore, type SessionStore, storeConnection } from '../src/index.ts'
import { recordConformance } from './conformance.ts'
import { deathsConformance } from './deaths-conformance.ts'
import { coded, newRecord } from './examples.ts'
import { readingConformance } from './reading-conformance.ts'
import { startCluster } from './redis-groups.ts'
import { newCluster, serversForTests } from './redis-server.ts'

const { skip, server } = await serversForTests(process.env, startCluster)
const connection = skip === false ? storeConnection(server()) : undefined
after(() => connection?.disconnect())

const openStore = async (): Promise<SessionStore> => {
  if (connection === undefined) throw new Error(String(skip))
  const store = redisStore({ redis: connection, cluster: newCluster() })
  await store.open()
  return store
}

recordConformance('cluster', openStore, skip)
readingConformance('cluster', openStore, skip)
deathsConformance('cluster', openStore, skip)

test('cluster: tenants of all shards are counted and checked', { skip }, async () => {
  const store = await openStore()
  const tenants = Array.from({ length: 12 }, (_, at) => `tenant-${at}`)
  for (const tenant of tenants) await store.create(newRecord({ tenant }))
  for (const tenant of tenants) assert.equal((await store.usage(tenant)).sessions, 1)
  assert.equal(await store.correctUsage(new Map()), 0)
  if (connection !== undefined) await checkPolicy(connection, false)
})

test('an address that cannot be read is refused with what it should be', () => {
  const options = { retryStrategy: () => 1000 }
  for (const url of ['redis+sentinel://h:1', 'redis+cluster://h:1/name', 'redis+ring://h:1', 'redis+cluster://']) {
    assert.throws(() => redisClient(url, options), coded('BAD_REQUEST'), url)
  }
})
