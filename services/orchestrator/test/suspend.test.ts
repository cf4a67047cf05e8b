/** Suspended sessions on real parts: put aside with their screen, found again from what is on the node, woken by whoever attaches. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { HostInfo, Runtime } from '@holdfast/runtime'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { Redis } from 'ioredis'
import { newWorld, type Orchestrator, startOrchestrator, type World } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)

const emptyRedis = async (world: World): Promise<void> => {
  const redis = new Redis(world.redisUrl)
  await redis.flushall()
  redis.disconnect()
}

const SHOWING = { command: 'bash', args: ['--norc', '-c', 'echo "made of $SECRET"; read x; exec bash --norc'] }

const screenHas = ({ call }: Orchestrator, id: string, text: string) =>
  eventually(`"${text}" on the screen`, async () => {
    const answer = await call('GET', `/v1/sessions/${id}/screen`)
    return answer.text.includes(text) && answer.text
  })

/** The process runtime with Docker's ability: the host itself is stopped, by signals. */
const freezable = (world: World): Runtime => {
  const frozen = new Set<string>()
  const signal = (hostId: string, name: NodeJS.Signals) =>
    process.kill(Number.parseInt(readFileSync(join(world.hostsDir, hostId, 'pid'), 'utf8'), 10), name)
  const seen = (info: HostInfo): HostInfo =>
    info.state === 'running' && frozen.has(info.hostId) ? { ...info, state: 'frozen' } : info
  const thaw = async (hostId: string): Promise<void> => {
    signal(hostId, 'SIGCONT')
    frozen.delete(hostId)
  }
  return {
    ...world.runtime,
    list: async () => (await world.runtime.list()).map(seen),
    inspect: async (hostId) => {
      const info = await world.runtime.inspect(hostId)
      return info && seen(info)
    },
    freeze: async (hostId) => {
      signal(hostId, 'SIGSTOP')
      frozen.add(hostId)
    },
    thaw,
  }
}

test('a suspended session keeps its screen and comes back as a new incarnation below it', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const orchestrator = await startOrchestrator(t, world)
  const { call, create, engine } = orchestrator
  const { id } = await create({ ...SHOWING, env: { SECRET: 'hush' } })
  await screenHas(orchestrator, id, 'made of hush')
  const before = await engine.domain.store.get('acme', id)
  const suspended = await call('POST', `/v1/sessions/${id}/suspend`, {})
  assert.equal(suspended.session.phase, 'suspended', suspended.text)
  assert.equal((await call('POST', `/v1/sessions/${id}/suspend`, {})).status, 200)
  assert.match((await call('GET', `/v1/sessions/${id}/screen`)).text, /^made of hush\n$/)
  assert.equal((await call('POST', `/v1/sessions/${id}/input`, { text: 'x' })).body.code, 'SESSION_SUSPENDED')
  assert.deepEqual(
    (await world.runtime.list()).map(({ state }) => state),
    ['exited'],
  )
  const resumed = await call('POST', `/v1/sessions/${id}/resume`)
  assert.equal(resumed.session.phase, 'running', resumed.text)
  const text = await screenHas(orchestrator, id, 'anew ──\nmade of hush')
  assert.match(text, /^made of hush\n── resumed .*, the command was started anew ──\nmade of hush\n$/)
  const after = await engine.domain.store.get('acme', id)
  assert.equal(after?.fence, (before?.fence ?? 0) + 1)
  assert.equal(after?.workspace, before?.workspace)
  assert.deepEqual(after?.spec.env, {}, 'the environment is gone from the index again')
  assert.equal((await call('DELETE', `/v1/sessions/${id}`)).status, 204)
})

test('a command is started again by its recipe, its own or that of the template, and stays what it was made as', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  const templates =
    '- {name: agent, command: [sh, -c, "echo first; exec sleep 600"], resume: [sh, -c, "echo recipe; exec sleep 600"]}'
  const orchestrator = await startOrchestrator(t, world, { templates })
  const { call, create } = orchestrator
  const script = (word: string) => ['sh', '-c', `echo ${word}; exec sleep 600`]
  const [command, ...args] = script('mine')
  for (const [body, first, second] of [
    [{}, 'first', 'recipe'],
    [{ command, args, resume: script('own') }, 'mine', 'own'],
    [{ command, args }, 'mine', 'anew ──\nmine'],
  ] as const) {
    const made = await create(body)
    await screenHas(orchestrator, made.id, first)
    await call('POST', `/v1/sessions/${made.id}/suspend`, {})
    // What a session is stands with its host, too.
    await emptyRedis(world)
    await eventually('it is found again', async () => {
      const { session } = await call('GET', `/v1/sessions/${made.id}`)
      return session?.phase === 'suspended'
    })
    const { session } = await call('POST', `/v1/sessions/${made.id}/resume`)
    await screenHas(orchestrator, made.id, second)
    assert.deepEqual([session.command, session.args, session.resume], [made.command, made.args, made.resume])
    assert.equal((await call('DELETE', `/v1/sessions/${made.id}`)).status, 204)
  }
})

test('a suspended session is found again when the store is emptied, also by another orchestrator', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  const first = await startOrchestrator(t, world)
  const { id } = await first.create({ ...SHOWING, name: 'kept', env: { SECRET: 'hush' } })
  await screenHas(first, id, 'made of hush')
  await first.call('POST', `/v1/sessions/${id}/suspend`, {})
  await first.stop()
  await emptyRedis(world)
  const second = await startOrchestrator(t, world)
  assert.equal((await second.phase(id, 'suspended')).name, 'kept')
  await screenHas(second, id, 'made of hush')
  assert.equal((await second.call('POST', `/v1/sessions/${id}/resume`)).session.phase, 'running')
  // The environment was in the index alone.
  await screenHas(second, id, 'anew ──\nmade of \n'.trimEnd())
})

test('who attaches wakes it, and what it left is gone afterwards', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const { call, create } = await startOrchestrator(t, world)
  const { id } = await create({})
  await call('POST', `/v1/sessions/${id}/suspend`, {})
  const [one, two] = await Promise.all([call('POST', `/internal/wake/${id}`), call('POST', `/internal/wake/${id}`)])
  assert.deepEqual([one.body.phase, two.body.phase], ['running', 'running'], one.text)
  assert.equal(one.body.address, two.body.address)
  assert.deepEqual((await call('POST', `/internal/wake/${id}`)).body, one.body, 'one that runs is not touched')
  assert.equal((await world.runtime.list()).length, 1, 'the old host is gone')
  assert.equal((await call('DELETE', `/v1/sessions/${id}`)).status, 204)
  assert.deepEqual(await world.runtime.list(), [])
})

test('an idle session is suspended where its policy says so', { skip }, async (t) => {
  const { create, phase } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({ idleSeconds: 1, idleAction: 'suspend' })
  assert.equal((await phase(id, 'suspended', 30)).reason, undefined)
})

test('a suspended session can be ended, by a request and by its time to live', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const { call, create, phase } = await startOrchestrator(t, world)
  const [asked, timed] = [await create({}), await create({ ttlSeconds: 4 })]
  for (const { id } of [asked, timed]) await call('POST', `/v1/sessions/${id}/suspend`, {})
  assert.equal((await call('DELETE', `/v1/sessions/${asked.id}`)).status, 204)
  assert.match((await phase(timed.id, 'exited', 30)).reason ?? '', /^ttl/)
  assert.equal((await call('POST', `/v1/sessions/${timed.id}/resume`)).body.code, 'SESSION_ENDED')
  await eventually('nothing is left', async () => (await world.runtime.list()).length === 0, 30)
})

test('a resumed session holds its room once', { skip }, async (t) => {
  const { call, create, engine } = await startOrchestrator(t, await newWorld(t, server()))
  const { placer, store } = engine.domain
  const { id } = await create({})
  const { node } = (await store.get('acme', id)) ?? {}
  assert.ok(node)
  const held = async () => {
    await placer.refresh()
    return placer.reserved(node).sessions
  }
  await call('POST', `/v1/sessions/${id}/suspend`, {})
  assert.equal(await held(), 1, 'while it is suspended')
  await call('POST', `/v1/sessions/${id}/resume`)
  assert.equal(await held(), 1, 'when it runs again')
  await engine.reconciler.run()
  assert.equal(await held(), 1, 'when all is reconciled')
})

test('a suspend whose wake-up was lost is carried out by the next reconciliation', { skip }, async (t) => {
  const { create, engine, phase } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({})
  const { incarnation, fence } = (await engine.domain.store.get('acme', id)) ?? {}
  assert.ok(incarnation !== undefined && fence !== undefined)
  await engine.domain.store.transition('acme', id, { incarnation, fence }, { suspend: 'stop' })
  await engine.reconciler.run()
  await phase(id, 'suspended')
})

test('a host that suspended its session while nobody looked is a suspended session', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const { create, engine, phase } = await startOrchestrator(t, world)
  const { id } = await create({})
  const { hostId, address, fence } = (await engine.domain.store.get('acme', id)) ?? {}
  assert.ok(hostId && address && fence)
  await engine.domain.hosts.suspend({ hostId, address, session: id, fence }, 1_000)
  await phase(id, 'suspended')
})

test('freezing keeps the processes; a frozen session goes on, or is ended, and is found again', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const runtime = freezable(world)
  const orchestrator = await startOrchestrator(t, world, { runtime })
  const { call, create, phase } = orchestrator
  const { id } = await create(SHOWING)
  await screenHas(orchestrator, id, 'made of')
  const frozen = (await call('POST', `/v1/sessions/${id}/suspend`, { freeze: true })).session
  assert.deepEqual([frozen.phase, frozen.conditions.map(({ type }) => type)], ['suspended', ['Frozen']])
  await screenHas(orchestrator, id, 'made of')
  await emptyRedis(world)
  await eventually('adopted', async () => (await call('GET', `/v1/sessions/${id}`)).status === 200)
  await phase(id, 'suspended', 30)
  assert.equal((await runtime.list())[0]?.state, 'frozen')
  const { body } = await call('POST', `/internal/wake/${id}`)
  assert.equal(body.phase, 'running')
  await call('POST', `/v1/sessions/${id}/input`, { text: '\necho still $((40 + 2))\n' })
  assert.doesNotMatch(await screenHas(orchestrator, id, 'still 42'), /resumed/)
  await call('POST', `/v1/sessions/${id}/suspend`, { freeze: true })
  assert.equal((await call('DELETE', `/v1/sessions/${id}`)).status, 204)
  assert.deepEqual(await runtime.list(), [])
})

test('a runtime that cannot freeze says so', { skip }, async (t) => {
  const { call, create } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({})
  const { body } = await call('POST', `/v1/sessions/${id}/suspend`, { freeze: true })
  assert.equal(body.code, 'BAD_REQUEST')
  assert.match(String(body.detail), /process runtime cannot freeze/)
  assert.equal((await call('GET', `/v1/sessions/${id}`)).session.phase, 'running')
})
