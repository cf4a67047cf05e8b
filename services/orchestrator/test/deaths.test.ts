/** Every end leaves a death behind: who ended it, what was seen, and the last screen, also when the session is deleted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Death } from '@holdfast/protocol'
import type { Runtime } from '@holdfast/runtime'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { newWorld, type Orchestrator, startOrchestrator, tokenOf } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)

const deathsOf = async ({ call }: Orchestrator, id: string): Promise<Death[]> => {
  const answer = await call('GET', `/v1/sessions/${id}/deaths`)
  assert.equal(answer.status, 200, answer.text)
  return answer.body.deaths as Death[]
}

test('a command that ends by itself: its exit code, who saw it, and no death while it runs', { skip }, async (t) => {
  const orchestrator = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await orchestrator.create({ name: 'job', command: 'sh', args: ['-c', 'read line; exit 3'] })
  assert.deepEqual(await deathsOf(orchestrator, id), [])
  await orchestrator.call('POST', `/v1/sessions/${id}/input`, { text: '\n' })
  await orchestrator.phase(id, 'exited')
  const [death, ...more] = await deathsOf(orchestrator, id)
  assert.ok(death)
  assert.deepEqual(more, [])
  const { name, cause, by, exitCode, signal, hasScreen } = death
  assert.deepEqual([name, cause, exitCode, signal, hasScreen], ['job', 'exited', 3, null, true])
  assert.deepEqual(by, { kind: 'command', name: 'sh' })
  assert.match(
    death.evidence.join('\n'),
    /^\S+Z host \S+ on local said: exit code 3 at \S+Z, after \d+ bytes of output$/,
  )
  const why = (await orchestrator.call('GET', `/v1/sessions/${id}/why`)).body
  assert.deepEqual(why.lastDeath, death)
})

test('a deleted session is gone, its death and last screen are not; another tenant sees neither', {
  skip,
}, async (t) => {
  const orchestrator = await startOrchestrator(t, await newWorld(t, server()))
  const { call } = orchestrator
  const { id } = await orchestrator.create({ command: 'sh', args: ['-c', 'echo last words; exec sleep 600'] })
  await call('POST', `/v1/sessions/${id}/wait`, { until: 'text', text: 'last words', timeoutMs: 10_000 })
  assert.equal((await call('DELETE', `/v1/sessions/${id}`)).status, 204)
  assert.equal((await call('GET', `/v1/sessions/${id}`)).status, 404)
  const [death] = await deathsOf(orchestrator, id)
  assert.deepEqual([death?.cause, death?.by], ['deleted', { kind: 'principal', name: 'ada' }])
  assert.match(death?.evidence[0] ?? '', /^\S+Z asked to stop: deleted by ada$/)
  assert.match(death?.evidence[1] ?? '', /said: signal (HUP|TERM|KILL) at/)
  assert.match((await call('GET', `/v1/sessions/${id}/screen`)).text, /last words/)
  assert.deepEqual((await call('GET', '/v1/deaths')).body, { deaths: [death] })
  const rival = { authorization: tokenOf({ tenant: 'rival' }) }
  for (const path of ['', '/deaths', '/screen']) {
    assert.equal((await call('GET', `/v1/sessions/${id}${path}`, undefined, rival)).status, 404, path)
  }
  assert.deepEqual((await call('GET', '/v1/deaths', undefined, rival)).body, { deaths: [] })
})

test('policies, nodes and hosts as the cause, each with what was seen', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const orchestrator = await startOrchestrator(t, world)
  const ttl = await orchestrator.create({ command: 'sleep', args: ['600'], ttlSeconds: 1 })
  await orchestrator.phase(ttl.id, 'exited', 30)
  const [aged] = await deathsOf(orchestrator, ttl.id)
  assert.deepEqual([aged?.cause, aged?.by], ['ttl', { kind: 'policy', name: 'ttl' }])
  await eventually('no host', async () => (await world.runtime.list()).length === 0)

  const killed = await orchestrator.create({ command: 'sleep', args: ['600'] })
  const [host] = await world.runtime.list()
  await world.runtime.stop(host?.hostId ?? '', 0)
  await orchestrator.phase(killed.id, 'failed')
  const [silent] = await deathsOf(orchestrator, killed.id)
  assert.deepEqual([silent?.cause, silent?.by], ['host-died', { kind: 'runtime', name: 'process' }])
  assert.match(
    silent?.evidence.join('\n') ?? '',
    /node local inspected \S+: exited.*\n\S+Z no death note in its output$/,
  )
  await eventually('no host', async () => (await world.runtime.list()).length === 0)

  const lost = await orchestrator.create({ command: 'sleep', args: ['600'] })
  const [gone] = await world.runtime.list()
  await orchestrator.stop() // it could look between the end of the host and its removal
  await world.runtime.remove(gone?.hostId ?? '')
  const next = await startOrchestrator(t, world)
  await next.phase(lost.id, 'failed')
  const [vanished] = await deathsOf(next, lost.id)
  assert.deepEqual([vanished?.cause, vanished?.by], ['lost', { kind: 'node', name: 'local' }])
  assert.match(
    vanished?.evidence.join('\n') ?? '',
    /inspected \S+: there is none\n\S+Z node local listed all its 0 hosts/,
  )

  const first = await next.call('GET', '/v1/deaths?limit=2')
  const rest = await next.call('GET', `/v1/deaths?limit=2&cursor=${first.body.cursor}`)
  const listed = [...(first.body.deaths as Death[]), ...(rest.body.deaths as Death[])]
  assert.deepEqual(listed, [vanished, silent, aged])
  assert.equal(rest.body.cursor, undefined)
})

test('a command that a signal ended together with its host, which is nowhere any more, was lost', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  let isGone = false
  const runtime: Runtime = {
    ...world.runtime,
    inspect: async (hostId) => (isGone ? null : world.runtime.inspect(hostId)),
    list: async () => (isGone ? [] : world.runtime.list()),
  }
  const orchestrator = await startOrchestrator(t, world, { runtime })
  const { id } = await orchestrator.create({ command: 'sleep', args: ['600'] })
  isGone = true
  await orchestrator.call('POST', `/v1/sessions/${id}/signal`, { name: 'TERM' })
  await orchestrator.phase(id, 'failed')
  const [death] = await deathsOf(orchestrator, id)
  assert.deepEqual([death?.cause, death?.by, death?.signal], ['lost', { kind: 'node', name: 'local' }, 'TERM'])
  assert.match(death?.evidence.join('\n') ?? '', /said: signal TERM[\s\S]*there is none\n[\s\S]*listed all its 0 hosts/)
  isGone = false
})

test('deaths outlive an orchestrator; of an unknown session there are none to list', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const first = await startOrchestrator(t, world)
  const { id } = await first.create({ command: 'true' })
  await first.phase(id, 'exited')
  const deaths = await deathsOf(first, id)
  await first.stop()
  const second = await startOrchestrator(t, world)
  assert.deepEqual(await deathsOf(second, id), deaths)
  assert.equal((await second.call('GET', '/v1/sessions/local-00000000000000/deaths')).status, 404)
})
