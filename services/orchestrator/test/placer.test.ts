/** Parallel placements on a real Redis: never more than there is room for, and never on a node that does not answer. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { HoldfastError, type NodeSpec } from '@holdfast/protocol'
import type { Runtime } from '@holdfast/runtime'
import { newLogger } from '@holdfast/service-kit'
import { nodeStore, storeConnection } from '@holdfast/session-store'
import { newCluster, redisForTests } from '@holdfast/session-store/redis-server'
import type { Asking } from '../src/demand.ts'
import { createLive } from '../src/live.ts'
import { createNodes } from '../src/nodes.ts'
import { createPlacer } from '../src/placer.ts'

const { skip, server } = await redisForTests(process.env)
const redis = skip === false ? storeConnection(server().url) : undefined
after(() => redis?.disconnect())
if (redis !== undefined && redis.status !== 'ready') await once(redis, 'ready')

const never = () => Promise.reject(new Error('not asked for in these tests'))
const PRESSURE = { cpu: 0, memory: 0.1, memoryFreeMb: 9_000, pids: 0, disk: 0.1, diskFreeMb: 90_000 }
/** A node on which nothing is created; `isDown` says whether it answers. */
const stubRuntime = (node: string, isDown: () => boolean): Runtime => ({
  kind: 'process',
  node,
  create: never,
  address: never,
  seal: never,
  assign: never,
  list: never,
  inspect: never,
  stop: never,
  remove: never,
  tail: never,
  report: async () => ({ pressure: PRESSURE, images: null, bridgePorts: null }),
  ping: async () => {
    if (isDown()) throw new HoldfastError('RUNTIME_UNAVAILABLE', 'the engine went to lunch')
  },
})

const ASKING: Asking = {
  image: '',
  network: false,
  limits: {},
  spec: { template: 'shell', region: 'local', nodeSelector: {} },
}

const newPlacer = async (specs: NodeSpec[], down: ReadonlySet<string> = new Set()) => {
  if (redis === undefined) throw new Error(String(skip))
  const live = createLive()
  const store = nodeStore({ redis, cluster: newCluster() })
  const runtimeOf = ({ id }: NodeSpec) => stubRuntime(id, () => down.has(id))
  const logger = newLogger('orchestrator', 'silent')
  const nodes = createNodes({
    specs,
    runtimeOf,
    store,
    onLost: async () => {},
    onSilent: () => {},
    onHost: () => {},
    logger,
  })
  await nodes.sync()
  const rules = { strategy: 'spread', cpuOvercommit: 1 } as const
  const placer = createPlacer({ nodes, live, store, warmNodes: async () => new Set(), rules, region: 'local' })
  return { placer, nodes, store }
}

test('fifty at once against room for twenty on two nodes: twenty are placed, thirty are told why not', {
  skip,
}, async () => {
  const { placer } = await newPlacer([
    { id: 'a', capacity: { sessions: 12 } },
    { id: 'b', capacity: { memoryMb: 8 * 2048 } },
  ])
  const hosts = Array.from({ length: 50 }, (_, n) => `local-${n}-x`)
  const results = await Promise.allSettled(hosts.map((hostId) => placer.place(hostId, ASKING)))
  const placed = hosts.filter((_, n) => results[n]?.status === 'fulfilled')
  assert.equal(placed.length, 20)
  for (const result of results) {
    if (result.status === 'fulfilled') continue
    assert.equal(result.reason.code, 'RUNTIME_UNAVAILABLE')
    assert.match(result.reason.message, /not a: no room: 12 of 12 sessions/)
    assert.match(result.reason.message, /not b: no room: 16384 of 16384 MiB/)
  }
  await placer.refresh()
  assert.equal(placer.reserved('a').sessions, 12)
  assert.equal(placer.reserved('b').sessions, 8)
  for (const hostId of placed.slice(0, 3)) await placer.release(hostId)
  const again = await Promise.allSettled(hosts.slice(20).map((hostId) => placer.place(`${hostId}y`, ASKING)))
  assert.equal(again.filter(({ status }) => status === 'fulfilled').length, 3)
})

test('a node that does not answer gives its room back and another one is taken', { skip }, async () => {
  const { placer, store } = await newPlacer([{ id: 'a' }, { id: 'b' }], new Set(['a']))
  const { runtime, placement } = await placer.place('local-1-x', ASKING)
  assert.equal(runtime.node, 'b')
  assert.match(placement, /^b scored .*; not a: does not answer: the engine went to lunch/)
  assert.equal((await store.reserved()).get('a')?.sessions ?? 0, 0)
})

test('a choice made before another replica’s cordon is made again', { skip }, async () => {
  const { placer, store, nodes } = await newPlacer([{ id: 'a' }, { id: 'b' }])
  const { rev, document } = await store.load()
  const flags = { a: { cordoned: true, draining: null } }
  await store.save(rev, rev + 1, JSON.stringify({ ...JSON.parse(document ?? ''), flags }), [])
  assert.equal(nodes.flags('a').cordoned, false, 'this replica has not heard of it')
  assert.equal((await placer.place('local-1-x', ASKING)).runtime.node, 'b')
})
