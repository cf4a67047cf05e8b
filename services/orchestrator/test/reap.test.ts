/** Removing what is nobody's: bounded, never on half a view, never what may live without an operator's word, and always explained. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HoldfastError, type Reaped, type ReapList } from '@holdfast/protocol'
import { LABEL, type Runtime } from '@holdfast/runtime'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { Redis } from 'ioredis'
import { newWorld, type Orchestrator, startOrchestrator, tokenOf, type World } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)
const operator = { authorization: tokenOf({ role: 'operator', principal: 'olga' }) }

const preview = async ({ call }: Orchestrator): Promise<ReapList> =>
  (await call('GET', '/v1/reap', undefined, operator)).body as unknown as ReapList
const confirm = async ({ call }: Orchestrator, ids: 'all' | string[]): Promise<Reaped> => {
  const answer = await call('POST', '/v1/reap', { confirm: ids }, operator)
  assert.equal(answer.status, 200, answer.text)
  return answer.body as unknown as Reaped
}

/** Hosts of sessions whose records were lost. Their keys are not of our master key, so they would be silent: they have ended. */
const strays = async (world: World, count: number): Promise<string[]> => {
  const ids: string[] = []
  for (let n = 0; n < count; n += 1) {
    const hostId = `local-9999999999999${n}-1`
    const labels = { [LABEL.session]: `local-9999999999999${n}`, [LABEL.tenant]: 'acme', [LABEL.fence]: '1' }
    await world.runtime.create({ hostId, image: '', hostKey: '00', labels, limits: {}, network: true })
    await world.runtime.stop(hostId, 0)
    ids.push(hostId)
  }
  return ids
}
/** All hosts look as old as they have to be. */
const aged = (runtime: Runtime): Runtime => ({
  ...runtime,
  list: async () => (await runtime.list()).map((info) => ({ ...info, createdAt: '2026-01-01T00:00:00.000Z' })),
})

test('beyond the bound removals are held, shown with what was seen, and done on an operator’s word alone', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  await strays(world, 8)
  const orchestrator = await startOrchestrator(t, world, { runtime: aged(world.runtime) })
  const left = async () => (await world.runtime.list()).map(({ hostId }) => hostId)
  assert.equal((await left()).length, 3)
  assert.match(await orchestrator.metrics(), /reap_held\{why="unknown"\} 3/)
  const { hosts, unlisted } = await preview(orchestrator)
  assert.deepEqual(unlisted, [])
  assert.deepEqual(hosts.map(({ hostId }) => hostId).sort(), (await left()).sort())
  assert.match(
    hosts[0]?.evidence.join('\n') ?? '',
    /no record of local-9+\d at fence 1\n.*exited.*\n.*holds no session/,
  )
  assert.equal((await left()).length, 3, 'a look changes nothing')

  const [one = ''] = await left()
  const single = await confirm(orchestrator, [one, 'local-00000000000000-1'])
  assert.deepEqual(
    single.removed.map(({ hostId }) => hostId),
    [one],
  )
  assert.equal(single.kept.length, 2)
  assert.match(single.kept[0]?.reason ?? '', /need the word of an operator/)
  assert.equal((await left()).length, 2)
  assert.equal((await confirm(orchestrator, 'all')).removed.length, 2)
  assert.deepEqual(await left(), [])
})

test('a live session whose record says that it has ended is never removed without a word', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const first = await startOrchestrator(t, world)
  const { id } = await first.create({ command: 'sleep', args: ['600'] })
  const [host] = await world.runtime.list()
  assert.ok(host)
  await first.stop()
  const redis = new Redis(world.redisUrl)
  const ended = {
    phase: '"failed"',
    hostId: 'null',
    address: 'null',
    endedAt: JSON.stringify(new Date().toISOString()),
  }
  await redis.hset(`hf:${world.cluster}:{acme}:session:${id}`, ended)
  redis.disconnect()
  const second = await startOrchestrator(t, world)
  const [reapable, ...more] = (await preview(second)).hosts
  assert.deepEqual(more, [])
  assert.deepEqual([reapable?.hostId, reapable?.why, reapable?.needsWord], [host.hostId, 'ended', true])
  assert.match(
    reapable?.evidence.join('\n') ?? '',
    /the record of \S+: failed, fence 1.*\n.*running.*\n.*holds a session that runs/,
  )
  assert.match(await second.metrics(), /reap_held\{why="ended"\} 1/)
  assert.equal((await world.runtime.list())[0]?.state, 'running')
  assert.equal((await confirm(second, [host.hostId])).removed.length, 1)
  assert.deepEqual(await world.runtime.list(), [])
})

test('a host of an older placement serves nobody any more, from the moment it is seen', { skip }, async (t) => {
  const world = await newWorld(t, server())
  let removable = false
  const remove: Runtime['remove'] = async (hostId) => {
    if (!removable) throw new HoldfastError('RUNTIME_UNAVAILABLE', 'not now')
    return world.runtime.remove(hostId)
  }
  const first = await startOrchestrator(t, world)
  const { id } = await first.create({ command: 'sleep', args: ['600'] })
  const [host] = await world.runtime.list()
  assert.ok(host)
  await first.stop()
  const redis = new Redis(world.redisUrl)
  const anew = { phase: '"running"', fence: '2', incarnation: '"2"', hostId: `"${id}-2"`, address: '"unix:/nowhere/s"' }
  await redis.hset(`hf:${world.cluster}:{acme}:session:${id}`, anew)
  redis.disconnect()
  const second = await startOrchestrator(t, world, { runtime: { ...world.runtime, remove } })
  const old = { hostId: host.hostId, address: host.address, session: id, fence: 1 }
  await assert.rejects(second.engine.domain.hosts.status(old), { code: 'STALE' })
  await assert.rejects(second.engine.domain.hosts.stop(old, 0), { code: 'STALE' })
  removable = true
  await second.engine.reconciler.run()
  await eventually('it is removed', async () => (await world.runtime.list()).length === 0)
})

test('nothing is removed while a node gives no list, not even on an operator’s word; others may not ask', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  await strays(world, 1)
  const other: Runtime = {
    ...world.runtime,
    node: 'away',
    list: () => Promise.reject(new HoldfastError('RUNTIME_UNAVAILABLE', 'no answer')),
  }
  const orchestrator = await startOrchestrator(t, world, {
    nodes: [{ id: 'local' }, { id: other.node }],
    runtimeOf: ({ id }) => (id === other.node ? other : aged(world.runtime)),
  })
  const { hosts, unlisted } = await preview(orchestrator)
  assert.deepEqual([hosts.length, unlisted], [1, ['away']])
  const { removed, kept } = await confirm(orchestrator, 'all')
  assert.deepEqual(removed, [])
  assert.match(kept[0]?.reason ?? '', /no list of away/)
  assert.equal((await world.runtime.list()).length, 1)
  assert.equal((await orchestrator.call('GET', '/v1/reap')).status, 403)
  assert.equal((await orchestrator.call('POST', '/v1/reap', { confirm: 'all' })).status, 403)
  assert.equal((await orchestrator.call('POST', '/v1/reap', { confirm: [] }, operator)).status, 400)
})

test('files that neither a host nor a record has go on an operator’s word, on a full view', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const first = await startOrchestrator(t, world)
  const { id } = await first.create({ command: 'sleep', args: ['600'] })
  const named = (await first.engine.domain.store.get('acme', id))?.workspace ?? ''
  await first.stop()
  const labels = { [LABEL.session]: 'local-99999999999999', [LABEL.tenant]: 'acme' }
  const OLD = '2026-01-01T00:00:00.000Z'
  const ages = new Map(Array.from({ length: 8 }, (_, n): [string, string] => [`local-9999999999999${n}-1`, OLD]))
  ages.set(named, OLD)
  ages.set('local-00000000000000-1', new Date().toISOString())
  let away = true
  const files: Runtime = {
    ...world.runtime,
    unusedWorkspaces: async () => {
      if (away) throw new HoldfastError('RUNTIME_UNAVAILABLE', 'no list')
      return [...ages].map(([workspace, createdAt]) => ({ workspace, createdAt, labels }))
    },
    removeWorkspace: async (workspace) => {
      if (workspace === 'local-99999999999990-1') throw new Error('a host has it')
      ages.delete(workspace)
    },
  }
  const orchestrator = await startOrchestrator(t, world, { runtime: files })
  assert.deepEqual((await preview(orchestrator)).unlisted, ['local'])
  assert.equal(ages.size, 10, 'nothing on half a view')

  away = false
  const { hosts } = await preview(orchestrator)
  assert.equal(hosts.length, 8)
  assert.deepEqual([hosts[0]?.why, hosts[0]?.session, hosts[0]?.needsWord], ['files', labels[LABEL.session], true])
  assert.match(hosts[0]?.evidence.join('\n') ?? '', /no record names .*\n.*no host on local has it\n.*made/)
  await orchestrator.engine.reconciler.run()
  assert.equal(ages.size, 10, 'none by itself')
  assert.match(await orchestrator.metrics(), /reap_held\{why="files"\} 8/)
  await confirm(orchestrator, 'all')
  assert.deepEqual([...ages.keys()], ['local-99999999999990-1', named, 'local-00000000000000-1'])
})
