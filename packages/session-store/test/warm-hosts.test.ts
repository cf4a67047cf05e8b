/** Warm hosts on a real Redis: each goes to one taker, and demand is remembered by the minute. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEMAND_MINUTES, warmHosts } from '../src/index.ts'
import { newCluster } from './redis-server.ts'
import { storesForTests } from './stores.ts'

const { skip, redis, openStore } = await storesForTests(process.env)
const PLACE = { pool: 'shell.1', node: 'local' }
const open = async () => {
  const cluster = newCluster()
  await openStore(cluster) // waits for the connection
  return warmHosts({ redis: redis(), cluster })
}

test('a host that waits goes to one of any number of takers', { skip }, async () => {
  const warm = await open()
  for (const hostId of ['warm-a', 'warm-b', 'warm-c']) assert.equal(await warm.put(PLACE, hostId), true)
  const taken = await Promise.all(Array.from({ length: 20 }, () => warm.take(PLACE)))
  assert.deepEqual(taken.filter((host) => host !== null).sort(), ['warm-a', 'warm-b', 'warm-c'])
  assert.deepEqual(await warm.ready(PLACE), [])
})

test('a host that was just taken is not put back', { skip }, async () => {
  const warm = await open()
  await warm.put(PLACE, 'warm-a')
  await warm.take(PLACE)
  assert.equal(await warm.put(PLACE, 'warm-a'), false)
  assert.equal(await warm.take(PLACE), null)
})

test('a host is dropped or taken, never both; pools and nodes do not meet', { skip }, async () => {
  const warm = await open()
  await warm.put(PLACE, 'warm-a')
  assert.equal(await warm.drop({ ...PLACE, node: 'other' }, 'warm-a'), false)
  assert.equal(await warm.take({ ...PLACE, pool: 'shell.2' }), null)
  assert.equal(await warm.drop(PLACE, 'warm-a'), true)
  assert.equal(await warm.drop(PLACE, 'warm-a'), false)
  assert.equal(await warm.take(PLACE), null)
})

test('demand counts whoever asked, served or not', { skip }, async () => {
  const warm = await open()
  assert.deepEqual(await warm.demand(PLACE), Array(DEMAND_MINUTES).fill(0))
  await warm.put(PLACE, 'warm-a')
  await Promise.all([warm.take(PLACE), warm.take(PLACE), warm.take(PLACE)])
  const demand = await warm.demand(PLACE)
  // A minute may have begun between two of them.
  assert.equal(
    demand.slice(-2).reduce((sum, count) => sum + count),
    3,
  )
})

test('a setback is kept until it is taken away', { skip }, async () => {
  const warm = await open()
  assert.equal(await warm.setback(PLACE), null)
  const setback = { failures: 3, error: 'no such image', until: 1_000 }
  await warm.setSetback(PLACE, setback)
  assert.deepEqual(await warm.setback(PLACE), setback)
  await warm.setSetback(PLACE, null)
  assert.equal(await warm.setback(PLACE), null)
})
