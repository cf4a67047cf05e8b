/** The orchestrator on a Redis Cluster of three, and through a failover of a Sentinel that loses what was acknowledged. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCluster, startSentinel } from '@holdfast/session-store/redis-groups'
import { eventually, serversForTests } from '@holdfast/session-store/redis-server'
import { newWorld, startOrchestrator } from './fixture.ts'
import { heldWork, newJobs, refOf } from './jobs-fixture.ts'

const cluster = await serversForTests(process.env, startCluster)
const sentinel = await serversForTests(process.env, startSentinel)

test('Cluster: jobs, looks for later and schedules', { skip: cluster.skip }, async (t) => {
  const { work, runs, counts, release } = heldWork()
  release()
  const jobs = newJobs(t, cluster.server())
  await jobs.start(work)
  // A client of a Cluster counts as connected before it knows the slots; the pulse, too, tries again.
  const schedules = () =>
    jobs.ensureSchedules().then(
      () => true,
      () => false,
    )
  await eventually('the slots are known', schedules)
  await Promise.all(Array.from({ length: 100 }, (_, at) => jobs.converge(refOf(at))))
  await jobs.later(refOf(100), 50)
  await eventually('all runs', () => runs.length === 101)
  await eventually('a round', () => counts.lifetime > 0)
  await jobs.measure()
  assert.equal(jobs.takeMissed(), false)
})

test('Cluster: a session from its creation to its end', { skip: cluster.skip }, async (t) => {
  const world = await newWorld(t, { url: cluster.server() })
  const { create, phase, call } = await startOrchestrator(t, world)
  const { id } = await create({ command: 'sh', args: ['-c', 'echo last words; exit 7'] })
  assert.equal((await phase(id, 'exited')).exitCode, 7)
  assert.match((await call('GET', `/v1/sessions/${id}/screen`)).text, /last words/)
  assert.equal((await call('DELETE', `/v1/sessions/${id}`)).status, 204)
})

test('Sentinel: a session whose record a failover lost is there again, counted, with no second host', {
  skip: sentinel.skip,
}, async (t) => {
  const world = await newWorld(t, sentinel.server())
  const { create, phase, call } = await startOrchestrator(t, world)
  const kept = await create({ command: 'sleep', args: ['600'] })
  await sentinel.server().freezeReplica()
  const lost = await create({ name: 'acknowledged', command: 'sleep', args: ['600'] })
  const hosts = (await world.runtime.list()).map(({ hostId }) => hostId).sort()
  await sentinel.server().failOver()
  await eventually('the API', async () => (await call('GET', '/v1/sessions')).status === 200, 40)
  const found = await phase(lost.id, 'running', 60)
  assert.equal(found.name, 'acknowledged')
  await phase(kept.id, 'running')
  assert.deepEqual((await world.runtime.list()).map(({ hostId }) => hostId).sort(), hosts)
  const used = async () => (await call('GET', '/v1/usage')).body.used as { sessions: number } | undefined
  await eventually('both are counted', async () => (await used())?.sessions === 2)
  await call('DELETE', `/v1/sessions/${lost.id}`)
  await eventually('gone', async () => (await call('GET', `/v1/sessions/${lost.id}`)).status === 404, 60)
})
