/** Reservations and the operators' word on a real Redis: parallel reservations never add up to more than there is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeStore } from '../src/index.ts'
import { newCluster } from './redis-server.ts'
import { storesForTests } from './stores.ts'

const { skip, redis, openStore } = await storesForTests(process.env)
if (skip === false) await openStore() // connected from here on

const open = () => nodeStore({ redis: redis(), cluster: newCluster() })
const NEED = { cpuMilli: 500, memoryMb: 100, pids: 10 }
const sessions = (count: number) => ({ cpuMilli: null, memoryMb: null, pids: null, sessions: count })

test('fifty reservations at once against room for twenty: twenty are made, in order of the nodes', {
  skip,
}, async () => {
  const store = open()
  const candidates = [
    { node: 'a', room: sessions(12) },
    { node: 'b', room: sessions(8) },
  ]
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => store.reserve(0, `local-${n}-x`, NEED, candidates)),
  )
  assert.equal(answers.filter((answer) => answer === 'full').length, 30)
  const reserved = await store.reserved()
  assert.deepEqual(reserved.get('a'), { cpuMilli: 6000, memoryMb: 1200, pids: 120, sessions: 12 })
  assert.deepEqual(reserved.get('b'), { cpuMilli: 4000, memoryMb: 800, pids: 80, sessions: 8 })
})

for (const [resource, bound] of [
  ['cpuMilli', 999],
  ['memoryMb', 199],
  ['pids', 19],
] as const) {
  test(`${resource} are counted: a second host that would go above the bound is refused`, { skip }, async () => {
    const store = open()
    const candidates = [{ node: 'a', room: { ...sessions(9), [resource]: bound } }]
    assert.deepEqual(await store.reserve(0, 'one', NEED, candidates), { node: 'a' })
    assert.equal(await store.reserve(0, 'two', NEED, candidates), 'full')
  })
}

test('a host keeps its reservation, and gives it back once', { skip }, async () => {
  const store = open()
  const first = [{ node: 'a', room: sessions(1) }]
  assert.deepEqual(await store.reserve(0, 'one', NEED, first), { node: 'a' })
  assert.deepEqual(await store.reserve(0, 'one', NEED, [{ node: 'b', room: sessions(1) }]), { node: 'a' })
  assert.equal((await store.reservations()).get('one')?.node, 'a')
  await Promise.all([store.release(['one', 'two']), store.release(['one'])])
  assert.deepEqual((await store.reserved()).get('a'), { cpuMilli: 0, memoryMb: 0, pids: 0, sessions: 0 })
  assert.equal((await store.reservations()).size, 0)
})

test('a host that is there holds its room even where there is none', { skip }, async () => {
  const store = open()
  await store.hold('one', 'a', NEED)
  await store.hold('one', 'a', NEED)
  assert.equal((await store.reserved()).get('a')?.sessions, 1)
  assert.equal(await store.reserve(0, 'two', NEED, [{ node: 'a', room: sessions(1) }]), 'full')
})

test('of two who change the document one wins, and nobody reserves on an outdated one', { skip }, async () => {
  const store = open()
  assert.deepEqual(await store.load(), { rev: 0, document: null })
  const saves = await Promise.all([store.save(0, 1, '{"a":1}', []), store.save(0, 1, '{"b":1}', [])])
  assert.deepEqual(saves.toSorted(), [false, true])
  assert.equal((await store.load()).rev, 1)
  const candidates = [{ node: 'a', room: sessions(1) }]
  assert.equal(await store.reserve(0, 'one', NEED, candidates), 'outdated')
  assert.deepEqual(await store.reserve(1, 'one', NEED, candidates), { node: 'a' })
})

test('what happened to a node is told once, and there is an id to go on from before anything did', {
  skip,
}, async () => {
  const store = open()
  const first = await store.latestNews()
  assert.equal(await store.latestNews(), first)
  const event = (change: 'lost' | 'back' | 'cordoned') => ({ type: 'node', node: 'a', change, at: 'now' }) as const
  await store.tellOnce('reach a', 'back', 'back', event('back'))
  for (const _replica of ['one', 'two']) await store.tellOnce('reach a', 'lost', 'back', event('lost'))
  await store.tellOnce('reach b', 'lost', 'back', { ...event('lost'), node: 'b' })
  for (const _replica of ['one', 'two']) await store.tellOnce('reach a', 'back', 'back', event('back'))
  assert.equal(await store.save(0, 1, '{}', [event('cordoned')]), true)
  assert.equal(await store.save(0, 1, '{}', [event('cordoned')]), false)
  const told = (await store.newsAfter(first, 10)) ?? []
  assert.deepEqual(
    told.map(({ event }) => event.type === 'node' && `${event.node} ${event.change}`),
    ['a lost', 'b lost', 'a back', 'a cordoned'],
  )
  assert.equal((await store.newsAfter(told[1]?.id ?? '', 10))?.length, 2)
  assert.equal(await store.newsAfter('1-1', 10), null)
})
