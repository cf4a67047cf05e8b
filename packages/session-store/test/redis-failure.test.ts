/** The session store on a real Redis 7 that hangs, refuses, forgets or is not there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { checkPolicy, redisStore, type SessionStore, storeConnection } from '../src/index.ts'
import { coded, newRecord } from './examples.ts'
import { eventually, newCluster } from './redis-server.ts'
import { storesForTests } from './stores.ts'

const { skip, server, redis, openStore } = await storesForTests(process.env)

const works = (store: SessionStore) => async () => {
  try {
    await store.ping()
    return true
  } catch {
    return false
  }
}

/** The call against a timer of one second in the same process: whichever is due first wins, however slow the machine. */
const withinASecond = (call: () => Promise<unknown>): Promise<unknown> => {
  const timer = new AbortController()
  const late = delay(1000, 'took longer than a second', { signal: timer.signal }).catch(() => undefined)
  return Promise.race([call(), late.then((text) => Promise.reject(new Error(text)))]).finally(() => timer.abort())
}

test('redis: events come again after the connection was lost', { skip }, async () => {
  const store = await openStore()
  const heard: string[] = []
  const leave = await store.subscribe((hint) => hint.type !== 'nodes' && heard.push(hint.id))
  // The id of the connection that is subscribed; undefined when none is.
  const listener = async () => /^id=(\d+)/.exec(String(await redis().call('CLIENT', 'LIST', 'TYPE', 'pubsub')))?.[1]
  try {
    const first = await listener()
    assert.ok(first !== undefined)
    await redis().call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await eventually('subscribed again', async () => ![undefined, first].includes(await listener()))
    const { record } = await store.create(newRecord())
    await eventually('the event', async () => heard.includes(record.id))
  } finally {
    await leave()
  }
  await eventually('unsubscribed', async () => (await listener()) === undefined)
})

test('redis: scripts are loaded again when the server has forgotten them', { skip }, async () => {
  const store = await openStore()
  await store.create(newRecord())
  await redis().script('FLUSH')
  assert.equal((await store.create(newRecord())).created, true)
})

test('redis: a full or read-only server is STORE_UNAVAILABLE, and reading goes on', { skip }, async () => {
  const store = await openStore()
  const { record } = await store.create(newRecord())
  const refused = () => assert.rejects(store.create(newRecord()), coded('STORE_UNAVAILABLE'))
  try {
    await redis().config('SET', 'maxmemory', '1')
    await refused()
    assert.deepEqual(await store.get(record.tenant, record.id), record)
  } finally {
    await redis().config('SET', 'maxmemory', '0')
  }
  try {
    await redis().replicaof('127.0.0.1', 1)
    await refused()
  } finally {
    await eventually('master again', async () => {
      return redis()
        .replicaof('NO', 'ONE')
        .then(
          () => true,
          () => false,
        )
    })
  }
  await eventually('writable', works(store))
  assert.equal((await store.create(newRecord())).created, true)
})

test('redis: any policy but noeviction is refused, unless it is meant so', { skip }, async () => {
  await checkPolicy(redis(), false)
  try {
    await redis().config('SET', 'maxmemory-policy', 'allkeys-lru')
    await assert.rejects(checkPolicy(redis(), false), coded('BAD_REQUEST'))
    await checkPolicy(redis(), true)
  } finally {
    await redis().config('SET', 'maxmemory-policy', 'noeviction')
  }
})

test('redis: a server that hangs is STORE_UNAVAILABLE within a second, and the store works again after it', {
  skip,
}, async () => {
  const store = await openStore()
  const { record } = await store.create(newRecord())
  const grant = { tenant: record.tenant, session: record.id, principal: 'ada', mode: 'rw' } as const
  await server().pause()
  try {
    const calls: (() => Promise<unknown>)[] = [
      () => store.get(record.tenant, record.id),
      () => store.list({ tenant: record.tenant, limit: 10 }),
      () => store.create(newRecord(), { key: 'k', bodyHash: 'b' }),
      () => store.transition(record.tenant, record.id, record, { phase: 'stopping' }),
      () => store.putTicket('t', grant, 1000, 1),
      () => store.takeTicket('t'),
      async () => (await store.subscribe(() => undefined))(),
      () => store.open(),
      () => store.ping(),
    ]
    await Promise.all(calls.map((call) => assert.rejects(withinASecond(call), coded('STORE_UNAVAILABLE'))))
  } finally {
    await server().unpause()
  }
  await eventually('answers again', works(store))
  assert.equal((await store.create(newRecord())).created, true)
})

test('redis: a server that is not there is STORE_UNAVAILABLE within a second and ends nothing', async () => {
  const nowhere = storeConnection('redis://127.0.0.1:1')
  const store = redisStore({ redis: nowhere, cluster: newCluster() })
  try {
    await assert.rejects(
      withinASecond(() => store.open()),
      coded('STORE_UNAVAILABLE'),
    )
    await assert.rejects(
      withinASecond(() => store.get('acme', 'local-00000000')),
      { code: 'STORE_UNAVAILABLE', message: 'Redis does not answer: there is no connection to it' },
    )
    await assert.rejects(
      withinASecond(() => store.subscribe(() => undefined)),
      coded('STORE_UNAVAILABLE'),
    )
  } finally {
    nowhere.disconnect()
  }
})
