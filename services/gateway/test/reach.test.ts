/** Finding and dialling hosts: late ones, moved ones, false ones, and with Redis or the orchestrator down. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { localMachine } from '@holdfast/runtime/machine'
import { newLogger } from '@holdfast/service-kit'
import type { SessionRecord } from '@holdfast/session-store'
import { Cache } from '../src/cache.ts'
import { DialError, dial } from '../src/dial.ts'
import { buildDoor } from '../src/door-server.ts'
import { type Fixture, startFixture, until } from './fixture.ts'

const pathOf = ({ address }: SessionRecord): string => (address ?? '').slice('unix:'.length)
const resolvedFrom = (fixture: Fixture, source: string) => fixture.counted('holdfast_gateway_resolve_total', { source })

test('a host that comes up late is reached by dialling again', async (t) => {
  const fixture = await startFixture(t)
  const session = fixture.addSession()
  const opening = fixture.open(session.id)
  await until('it was tried', async () => (await fixture.counted('holdfast_gateway_dial_retries_total', {})) > 0)
  await fixture.hostOf(session)
  await opening
})

test('the second attachment resolves from the cache', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  await fixture.open(session.id)
  await fixture.open(session.id)
  assert.equal(fixture.store.gets, 1)
  assert.equal(await resolvedFrom(fixture, 'cache'), 1)
})

test('a cached address that does not answer is dropped and looked up again', async (t) => {
  const fixture = await startFixture(t)
  const { session, host } = await fixture.running()
  const client = await fixture.open(session.id)
  client.terminate()
  await host.close()
  fixture.hosts.length = 0
  const moved = { ...session, hostId: `${session.id}-moved1`, address: `unix:${fixture.dir}/moved`, fence: 4 }
  fixture.store.records.set(session.id, moved)
  const next = await fixture.hostOf(moved)
  await fixture.open(session.id)
  assert.equal(next.grants[0]?.fence, 4)
  assert.equal(await resolvedFrom(fixture, 'cache'), 1)
  assert.equal(await resolvedFrom(fixture, 'store'), 2)
})

test('a cached address where another host listens now is looked up again', async (t) => {
  const fixture = await startFixture(t)
  const { session, host } = await fixture.running()
  const client = await fixture.open(session.id)
  client.terminate()
  await host.close()
  fixture.hosts.length = 0
  const stranger = fixture.addSession({ address: session.address })
  await fixture.hostOf(stranger) // refuses the grant: it was signed with another host's key
  const moved = { ...session, address: `unix:${fixture.dir}/moved` }
  fixture.store.records.set(session.id, moved)
  const next = await fixture.hostOf(moved)
  await fixture.open(session.id)
  assert.equal(next.grants.length, 1)
})

test('a host behind the door of its node is reached, and looked up again when it has left', async (t) => {
  const fixture = await startFixture(t)
  const parts = {
    machine: localMachine(fixture.dir),
    hostsDir: fixture.dir,
    key: '',
    logger: newLogger('door', 'silent'),
  }
  const door = buildDoor(parts).listen(0, '127.0.0.1')
  await once(door, 'listening')
  t.after(() => door.close())
  const session = fixture.addSession({ address: `tcp:127.0.0.1:${(door.address() as AddressInfo).port}` })
  const directory = `${fixture.dir}/${session.hostId}`
  mkdirSync(directory)
  const host = await fixture.hostOf({ ...session, address: `unix:${directory}/host.sock` })
  const client = await fixture.open(session.id)
  client.terminate()
  await host.close()
  fixture.hosts.length = 0
  const moved = { ...session, address: `unix:${fixture.dir}/moved` }
  fixture.store.records.set(session.id, moved)
  const next = await fixture.hostOf(moved)
  await fixture.open(session.id)
  assert.equal(next.grants.length, 1)
})

test('sessions that are gone cost one look-up a second', async (t) => {
  const fixture = await startFixture(t)
  const id = `test-${'0'.repeat(14)}`
  const begun = performance.now()
  for (let count = 0; count < 5; count++) assert.equal((await fixture.refusal(id)).status, 404)
  const seconds = (performance.now() - begun) / 1000
  assert.ok(fixture.store.gets <= 2 + seconds, `${fixture.store.gets} look-ups in ${seconds} s`)
})

test('with Redis down the orchestrator answers, then the cache', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  const { id, tenant, hostId, address, fence, phase } = session
  fixture.store.down = true
  fixture.orchestrator.known.set(id, { tenant, session: id, hostId, address, fence, phase })
  await fixture.open(id)
  assert.equal(await resolvedFrom(fixture, 'orchestrator'), 1)
  await fixture.open(id)
  assert.equal(await resolvedFrom(fixture, 'cache'), 1)
  const foreign = await fixture.refusal(id, undefined, fixture.auth(fixture.eve.key))
  assert.deepEqual([foreign.status, foreign.code], [404, 'SESSION_NOT_FOUND'])
})

test('many that come at once for the same session are one question', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  const { id, tenant, hostId, address, fence, phase } = session
  fixture.orchestrator.known.set(id, { tenant, session: id, hostId, address, fence, phase })
  fixture.store.down = true
  const asked = () => fixture.orchestrator.seen.filter(({ url }) => url.includes(id)).length
  await Promise.all(Array.from({ length: 50 }, () => fixture.open(id)))
  assert.ok(asked() < 5, `asked ${asked()} times`)
})

test('an emptied store is not believed when the orchestrator knows the session', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  const { id, tenant, hostId, address, fence, phase } = session
  fixture.store.records.clear()
  fixture.orchestrator.known.set(id, { tenant, session: id, hostId, address, fence, phase })
  await fixture.open(id)
})

test('what is not a socket is never dialled: no symlink, file or directory', async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  const real = pathOf(session)
  const places = { link: `${fixture.dir}/link`, file: `${fixture.dir}/file`, directory: `${fixture.dir}/directory` }
  symlinkSync(real, places.link)
  writeFileSync(places.file, '')
  mkdirSync(places.directory)
  for (const path of Object.values(places)) {
    await assert.rejects(dial(`unix:${path}`, true, assert.fail), DialError)
    const impostor = fixture.addSession({ address: `unix:${path}` })
    const refusal = await fixture.refusal(impostor.id)
    assert.deepEqual([refusal.status, refusal.code], [503, 'HOST_UNREACHABLE'])
  }
  renameSync(real, `${real}.moved`)
  const socket = await dial(`unix:${real}.moved`, false, assert.fail)
  socket.destroy()
})

test('tcp addresses are dialled, malformed ones refused at once', async (t) => {
  const server = createServer()
  t.after(() => server.close())
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  const socket = await dial(`tcp:127.0.0.1:${port}`, false, assert.fail)
  socket.destroy()
  for (const address of ['', 'unix:relative', 'tcp:nowhere', 'http://127.0.0.1:1', 'tcp:127.0.0.1:99999']) {
    await assert.rejects(dial(address, true, assert.fail), DialError, address)
  }
})

test('the cache is bounded, drops the longest unused, and keeps what is stale', () => {
  const cache = new Cache<number>(2, 10)
  cache.set('a', 1, 0)
  cache.set('b', 2, 0)
  assert.deepEqual(cache.get('a', 5), { value: 1, fresh: true })
  cache.set('c', 3, 5)
  assert.equal(cache.get('b', 5), undefined)
  assert.deepEqual(cache.get('a', 10), { value: 1, fresh: false })
})

test('who attaches to a suspended session wakes it; many at once ask once', async (t) => {
  const fixture = await startFixture(t)
  const session = fixture.addSession({ phase: 'suspended', address: null })
  const awake = { ...session, phase: 'running' as const, address: `unix:${fixture.dir}/awake`, fence: 9 }
  const host = await fixture.hostOf(awake)
  const { id, tenant, hostId, address, fence, phase } = awake
  fixture.orchestrator.woken.set(id, { tenant, session: id, hostId, address, fence, phase })
  await Promise.all([fixture.open(id), fixture.open(id), fixture.open(id)])
  assert.deepEqual(
    fixture.orchestrator.seen.map(({ method, url }) => [method, url]),
    [['POST', `/internal/wake/${id}`]],
  )
  assert.equal(host.grants[0]?.fence, 9)
})

test('a session that does not wake in time is one to ask for again', async (t) => {
  const fixture = await startFixture(t)
  const { id, tenant, hostId, fence } = fixture.addSession({ phase: 'suspended', address: null })
  fixture.orchestrator.woken.set(id, { tenant, session: id, hostId, address: null, fence, phase: 'pending' })
  assert.equal((await fixture.refusal(id)).code, 'SESSION_STARTING')
})

test('a cached address of a session that was frozen since is looked up again, and the session woken', async (t) => {
  const fixture = await startFixture(t)
  const { session, host } = await fixture.running()
  const client = await fixture.open(session.id)
  client.terminate()
  host.frozen = true
  fixture.store.records.set(session.id, { ...session, phase: 'suspended' })
  const awake = { ...session, address: `unix:${fixture.dir}/awake` }
  await fixture.hostOf(awake)
  const { id, tenant, hostId, address, fence, phase } = awake
  fixture.orchestrator.woken.set(id, { tenant, session: id, hostId, address, fence, phase })
  await fixture.open(id)
  assert.equal(await resolvedFrom(fixture, 'cache'), 1)
})
