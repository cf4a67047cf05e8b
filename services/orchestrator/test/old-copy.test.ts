/** A store that went back in time, as after a restore of an old copy or a failover that lost writes: nothing that runs is killed or doubled. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { Redis } from 'ioredis'
import { newWorld, startOrchestrator, type World } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)

/** Every key of the cluster, records and queue alike, as Redis itself writes them to its files. */
const copyOf = async (world: World): Promise<() => Promise<void>> => {
  const redis = new Redis(world.redisUrl)
  const keys = await redis.keys(`*hf:${world.cluster}*`)
  const dumps = await Promise.all(
    keys.map(async (key) => [key, await redis.dumpBuffer(key), await redis.pttl(key)] as const),
  )
  redis.disconnect()
  return async () => {
    const restored = new Redis(world.redisUrl)
    // At once, as by a restart: who is connected writes nothing in between.
    const transaction = restored.multi().flushall()
    // With its time to live: the lock of a job that was under way just then must not stay for ever.
    for (const [key, dump, ttlMs] of dumps) {
      if (dump !== null && ttlMs !== -2) transaction.restore(key, Math.max(ttlMs, 0), dump)
    }
    const answers = await transaction.exec()
    restored.disconnect()
    assert.deepEqual(
      answers?.filter(([error]) => error !== null),
      [],
    )
  }
}

const editRecord = async (world: World, id: string, fields: Record<string, unknown>): Promise<void> => {
  const redis = new Redis(world.redisUrl)
  const texts = Object.entries(fields).flatMap(([name, value]) => [name, JSON.stringify(value)])
  await redis.hset(`hf:${world.cluster}:{acme}:session:${id}`, ...texts)
  redis.disconnect()
}

const running = async (world: World): Promise<string[]> =>
  (await world.runtime.list())
    .filter(({ state }) => state === 'running')
    .map(({ hostId }) => hostId)
    .sort()

const sleeper = { command: 'sleep', args: ['600'] }
/** A placement as it was before the claim, with its deadline long over. */
const STARTING = { phase: 'starting', address: null, startedAt: null, deadline: Date.now() - 3_600_000, rev: 2 }
const PENDING = { ...STARTING, phase: 'pending', incarnation: '', fence: 0, node: null, hostId: null, rev: 1 }

for (const [when, restarted] of [
  ['is started anew', true],
  ['was there all along', false],
] as const) {
  test(`an hour-old copy, and an orchestrator that ${when}: what runs goes on, what is gone is told`, {
    skip,
  }, async (t) => {
    const world = await newWorld(t, server())
    const first = await startOrchestrator(t, world)
    const old = await first.create({ ...sleeper, name: 'old' })
    const starting = await first.create({ ...sleeper, name: 'starting', ttlSeconds: 86_400 })
    const pending = await first.create({ ...sleeper, name: 'pending' })
    const deleted = await first.create(sleeper)
    const truth = await copyOf(world)
    await editRecord(world, starting.id, STARTING)
    await editRecord(world, pending.id, PENDING)
    const restore = await copyOf(world)
    await truth()
    const young = await first.create({ ...sleeper, name: 'young', labels: { team: 'a' } })
    await first.call('DELETE', `/v1/sessions/${deleted.id}`)
    if (restarted) await first.stop()
    const before = await running(world)
    assert.equal(before.length, 4)

    await restore()
    const second = await startOrchestrator(t, world)
    for (const { id, name } of [old, starting, pending, young]) {
      assert.equal((await second.phase(id, 'running', 60)).name, name)
    }
    assert.match((await second.phase(deleted.id, 'failed', 60)).reason ?? '', /^lost/)
    assert.deepEqual(await running(world), before, 'the same hosts, none ended, none doubled')
    const { expiresAt, createdAt } = (await second.engine.domain.store.get('acme', starting.id))?.spec ?? {}
    assert.equal(Date.parse(expiresAt ?? '') - Date.parse(createdAt ?? ''), 86_400_000)
    assert.deepEqual((await second.call('GET', `/v1/sessions/${young.id}`)).session.labels, { team: 'a' })
    for (const { id } of [old, starting, pending, young]) {
      await second.call('POST', `/v1/sessions/${id}/signal`, { name: 'KILL' })
      assert.equal((await second.phase(id, 'exited', 60)).signal, 'KILL', 'what happens to it is heard of')
    }
  })
}

test('a placement whose write was lost is found again by its name, not made twice', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const first = await startOrchestrator(t, world)
  const { id } = await first.create(sleeper)
  const before = await running(world)
  await first.stop()
  await editRecord(world, id, { ...PENDING, deadline: Date.now() + 60_000 })
  const second = await startOrchestrator(t, world)
  await second.phase(id, 'running')
  assert.deepEqual(await running(world), before)
  assert.deepEqual((await second.call('GET', `/v1/sessions/${id}/deaths`)).body, { deaths: [] })
})

test('a record of a placement that is gone does not end the newer one that runs', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const first = await startOrchestrator(t, world)
  const { id } = await first.create(sleeper)
  await first.stop()
  // The copy is of before the session was placed a second time.
  const hostId = `${id}-0`
  await editRecord(world, id, { incarnation: '0', fence: 0, hostId, address: 'unix:/nowhere/host.sock', rev: 1 })
  const before = await running(world)
  const second = await startOrchestrator(t, world)
  await eventually('the newer placement', async () => {
    const record = await second.engine.domain.store.get('acme', id)
    return record?.fence === 1 && record.phase === 'running'
  })
  assert.deepEqual(await running(world), before)
})

test('memory that is ahead of the store follows it again', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const first = await startOrchestrator(t, world)
  const { id } = await first.create(sleeper)
  const restore = await copyOf(world)
  const { store, live } = first.engine.domain
  for (const reason of ['a', 'b', 'c']) {
    const record = await store.get('acme', id)
    assert.ok(record)
    const waiting = { for: reason, since: record.createdAt, until: null }
    await store.transition('acme', id, { incarnation: record.incarnation, fence: record.fence }, { waiting })
  }
  await restore()
  await first.engine.reconciler.run()
  // The look that follows may write, and comes between two reads.
  await eventually('they agree', async () => live.get(id)?.record.rev === (await store.get('acme', id))?.rev)
})
