/** The stream of events on real parts: complete, in order, of one's own tenant, resumed exactly through any replica, or reset. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { HoldfastClient } from '@holdfast/client'
import { HoldfastError, type Phase, type ServerEvent } from '@holdfast/protocol'
import type { Runtime } from '@holdfast/runtime'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { Redis } from 'ioredis'
import { agentKnown, newWorld, type Orchestrator, startOrchestrator, tokenOf } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)

const listenAt = ({ app }: Orchestrator): Promise<string> => app.listen({ host: '127.0.0.1', port: 0 })

interface Told {
  id: string
  event: ServerEvent
}

/** Reads a stream until it is stopped. */
const open = async (url: string, lastEventId?: string, who: Parameters<typeof tokenOf>[0] = {}) => {
  const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const asked = get(`${url}/v1/events`, { agent: false, headers: { authorization: tokenOf(who), ...resume } })
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  assert.match(String(response.headers['content-type']), /^text\/event-stream/)
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const done = new Promise<void>((resolve) => response.on('close', resolve))
  const told = (): Told[] =>
    [...text.matchAll(/^id: (.*)\nevent: .*\ndata: (.*)\n\n/gm)].map(([, id = '', data = '']) => ({
      id,
      event: JSON.parse(data) as ServerEvent,
    }))
  return {
    told,
    /** Of an event or alone. */
    lastId: () => [...text.matchAll(/^id: (.*)\n/gm)].at(-1)?.[1],
    stop: async () => {
      asked.destroy()
      await done
    },
    done,
  }
}

type Stream = Awaited<ReturnType<typeof open>>

const phasesOf = (told: Told[], session: string): Phase[] =>
  told.flatMap(({ event }) => (event.type === 'session' && event.session.id === session ? [event.phase] : []))
/** Without repeats: a change of conditions keeps the phase. */
const path = (phases: Phase[]): Phase[] => phases.filter((phase, at) => phase !== phases[at - 1])

test('every phase of the caller’s sessions is told in order, and of no other’s; a drain ends the stream', {
  skip,
}, async (t) => {
  const orchestrator = await startOrchestrator(t, await newWorld(t, server()))
  const stream = await open(await listenAt(orchestrator))
  const other = await orchestrator.create({}, { authorization: tokenOf({ tenant: 'rival' }) })
  const { id } = await orchestrator.create({ command: 'true' })
  await orchestrator.phase(id, 'exited')
  await orchestrator.call('DELETE', `/v1/sessions/${id}`)
  await eventually('the last event', () => stream.told().at(-1)?.event.type === 'removed')
  const told = stream.told()
  assert.deepEqual(path(phasesOf(told, id)), ['pending', 'starting', 'running', 'exited'])
  assert.deepEqual(phasesOf(told, other.id), [])
  const times = told.map(({ id }) => Number(id.split('-')[0]) * 1000 + Number(id.split('-')[1]))
  assert.deepEqual(
    times,
    [...new Set(times)].sort((a, b) => a - b),
  )
  await orchestrator.engine.drain()
  await stream.done
})

test('who was away hears through another replica exactly what it missed', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const [one, two] = [await startOrchestrator(t, world), await startOrchestrator(t, world)]
  const [first, second] = [await listenAt(one), await listenAt(two)]
  const whole = await open(first)
  const before = await open(first)
  const { id } = await one.create({ command: 'sh', args: ['-c', 'read line'] })
  await eventually('running', () => phasesOf(before.told(), id).includes('running'))
  await before.stop()
  await one.call('POST', `/v1/sessions/${id}/input`, { text: '\n' })
  await one.phase(id, 'exited')
  const after = await open(second, before.lastId())
  await one.call('DELETE', `/v1/sessions/${id}`)
  const ended = (told: Told[]) => told.at(-1)?.event.type === 'removed'
  await eventually('both ends', () => ended(whole.told()) && ended(after.told()))
  const ids = (told: Told[]) => told.map((each) => each.id)
  assert.deepEqual([...ids(before.told()), ...ids(after.told())], ids(whole.told()))
  await Promise.all([whole.stop(), after.stop()])
})

test('who heard of nothing yet can resume; who asks from what is not kept is told to list anew', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  const orchestrator = await startOrchestrator(t, world)
  const url = await listenAt(orchestrator)
  const earlier = await orchestrator.create({ command: 'sleep', args: ['600'] })
  await agentKnown(orchestrator, earlier.id) // that is an event of its own
  const quiet = await open(url)
  await eventually('an id', () => quiet.lastId())
  await quiet.stop()
  assert.deepEqual(quiet.told(), [])
  const { id } = await orchestrator.create({ command: 'sleep', args: ['600'] })
  const resumed = await open(url, quiet.lastId())
  await eventually('what came', () => path(phasesOf(resumed.told(), id)).length === 3)
  await agentKnown(orchestrator, id)
  for (const gone of ['1-1', 'nonsense', '0-0']) {
    const late = await open(url, gone)
    await eventually('a reset', () => late.told().at(0)?.event.type === 'reset')
    assert.equal(late.told().at(0)?.id, await orchestrator.engine.domain.store.latestChange('acme'))
    await late.stop()
  }
  // The store is emptied under an open stream.
  const redis = new Redis(world.redisUrl)
  await redis.flushall()
  redis.disconnect()
  await orchestrator.engine.recover()
  await eventually('a reset', () => resumed.told().some(({ event }) => event.type === 'reset'))
  await resumed.stop()
})

test('the client goes on over a reconnect without a gap or a repeat', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const orchestrator = await startOrchestrator(t, world)
  const url = await listenAt(orchestrator)
  const client = new HoldfastClient({ url, key: tokenOf().slice('Bearer '.length) })
  const stop = new AbortController()
  t.after(() => stop.abort()) // a failure below must not leave it reconnecting for ever
  const seen: string[] = []
  const phases: Phase[] = []
  const live = Promise.withResolvers<void>()
  const reading = (async () => {
    for await (const event of client.events(stop.signal, (failure) => failure === null && live.resolve())) {
      if (event.type !== 'session') continue
      seen.push(`${event.session.id} ${event.rev}`)
      phases.push(event.phase)
    }
  })()
  await live.promise
  const { id } = await orchestrator.create({ command: 'sh', args: ['-c', 'read line'] })
  await eventually('running', () => phases.includes('running'))
  orchestrator.app.server.closeAllConnections()
  await orchestrator.call('POST', `/v1/sessions/${id}/input`, { text: '\n' })
  await orchestrator.phase(id, 'exited')
  await eventually('the end', () => phases.includes('exited'))
  // A slow start is written down, too: then there are more than the four moves.
  assert.ok(seen.length >= 4, seen.join(', '))
  assert.deepEqual(
    seen,
    seen.map((_, at) => `${id} ${at + 1}`),
  )
  assert.deepEqual(path(phases), ['pending', 'starting', 'running', 'exited'])
  stop.abort()
  await reading
})

const nodesOf = (told: Told[]): string[] =>
  told.flatMap(({ event }) => {
    if (event.type === 'maintenance') return [`maintenance ${event.on}`]
    return event.type === 'node' ? [`${event.node} ${event.change}`] : []
  })

test('operators hear what happens to nodes, from any replica, and go on where they were; others do not', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  let away = false
  const runtime: Runtime = {
    ...world.runtime,
    ping: async () => {
      if (away) throw new HoldfastError('RUNTIME_UNAVAILABLE', 'the test says so')
      await world.runtime.ping()
    },
  }
  const one = await startOrchestrator(t, world, { runtime, nodeLostMs: 500 })
  const two = await startOrchestrator(t, world)
  const [first, second] = [await listenAt(one), await listenAt(two)]
  const streams = [
    await open(first, undefined, { role: 'operator' }),
    await open(first),
    await open(second, undefined, { role: 'operator' }),
  ]
  const [whole, user, before] = streams as [Stream, Stream, Stream]
  const { id } = await one.create({ command: 'sleep', args: ['600'] })
  const operator = { authorization: tokenOf({ role: 'operator' }) }
  const call = async (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
    assert.equal((await one.call(method, path, body, operator)).status, 200)
  await call('PUT', '/v1/maintenance', { on: true })
  await call('POST', '/v1/nodes/local/cordon')
  await eventually('two events', () => nodesOf(before.told()).length === 2)
  await before.stop()
  await call('PUT', '/v1/maintenance', { on: false })
  await call('POST', '/v1/nodes/local/drain')
  await one.call('DELETE', `/v1/sessions/${id}`)
  await eventually('drained', () => nodesOf(whole.told()).includes('local drained'), 20)
  await call('POST', '/v1/nodes/local/uncordon')
  away = true
  await eventually('lost', () => nodesOf(whole.told()).includes('local lost'), 20)
  away = false
  await eventually('back', () => nodesOf(whole.told()).includes('local back'), 20)
  const said = ['maintenance true', 'local cordoned', 'maintenance false', 'local draining', 'local drained']
  const all = [...said, 'local uncordoned', 'local lost', 'local back']
  assert.deepEqual(nodesOf(whole.told()), all)
  const after = await open(first, before.lastId(), { role: 'operator' })
  await eventually('the rest', () => nodesOf(after.told()).length === all.length - 2)
  assert.deepEqual(nodesOf([...before.told(), ...after.told()]), all)
  assert.deepEqual(path(phasesOf(user.told(), id)).slice(0, 3), ['pending', 'starting', 'running'])
  assert.deepEqual(nodesOf(user.told()), [])
  assert.ok(![...whole.told(), ...after.told()].some(({ event }) => event.type === 'reset'))
  await Promise.all([whole.stop(), user.stop(), after.stop()])
})

test('an operator whose tenant had no sessions lists them anew, and misses nothing of the nodes', {
  skip,
}, async (t) => {
  const orchestrator = await startOrchestrator(t, await newWorld(t, server()))
  const url = await listenAt(orchestrator)
  const who = { role: 'operator', tenant: 'quiet' } as const
  const before = await open(url, undefined, who)
  await eventually('an id', () => before.lastId())
  await before.stop()
  const cordoned = await orchestrator.call('POST', '/v1/nodes/local/cordon', undefined, { authorization: tokenOf(who) })
  assert.equal(cordoned.status, 200)
  const after = await open(url, before.lastId(), who)
  await eventually('what it missed', () => nodesOf(after.told()).length > 0)
  assert.deepEqual(nodesOf(after.told()), ['local cordoned'])
  assert.equal(after.told().at(0)?.event.type, 'reset')
  await after.stop()
})
