/** The process runtime: the conformance suite, and what only processes can get wrong. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { processRuntime } from '../src/index.ts'
import { runtimeConformance, stubSpec } from './conformance.ts'
import { newHostId, tell, until } from './stub-client.ts'

const hostsDir = mkdtempSync(join(tmpdir(), 'hf-test-'))
const command = [process.execPath, join(import.meta.dirname, 'stub-image/stub-host.ts')]
const make = (cluster: string) => processRuntime({ cluster, node: 'here', hostsDir, command })
const runtime = make('one')
const alive = (pid: string): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
after(async () => {
  for (const { hostId } of await runtime.list()) await runtime.remove(hostId)
  rmSync(hostsDir, { recursive: true })
})

runtimeConformance('process', { runtime, stranger: make('two'), image: '', knowsExitCodes: false, skip: false })

test('a host starts in the home directory with a small environment', async () => {
  const info = await runtime.create(stubSpec(newHostId(), ''))
  const env = JSON.parse(await tell(info, 'env'))
  assert.deepEqual(
    Object.keys(env)
      .filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name))
      .sort(),
    ['HOLDFAST_HOST_ID', 'HOLDFAST_HOST_KEY', 'HOLDFAST_LISTEN', 'HOME', 'LANG', 'PATH', 'SHELL', 'TERM', 'USER'],
  )
  assert.equal(await tell(info, 'cwd'), homedir())
  await runtime.remove(info.hostId)
})

test('nobody else sees a host, before and after the seal', async () => {
  const info = await runtime.create(stubSpec(newHostId(), ''))
  assert.equal(statSync(join(hostsDir, info.hostId)).mode & 0o777, 0o700)
  await runtime.seal(info.hostId)
  assert.equal(statSync(join(hostsDir, info.hostId)).mode & 0o777, 0o700)
  assert.doesNotMatch(readFileSync(join(hostsDir, info.hostId, 'spec.json'), 'utf8'), /abab/, 'the key is not on disk')
  await runtime.remove(info.hostId)
})

test('another runtime object, as after a restart, finds the host and its socket', async () => {
  const info = await runtime.create(stubSpec(newHostId(), ''))
  const again = make('one')
  assert.deepEqual(await again.inspect(info.hostId), await runtime.inspect(info.hostId))
  await again.stop(info.hostId, 10_000)
  assert.equal((await again.inspect(info.hostId))?.state, 'exited')
  await again.remove(info.hostId)
})

test('stop takes children in sessions of their own along', async () => {
  for (const graceMs of [0, 10_000]) {
    const info = await runtime.create(stubSpec(newHostId(), ''))
    const child = await tell(info, 'child')
    assert.ok(alive(child))
    await runtime.stop(info.hostId, graceMs)
    await until('the child is gone', async () => !alive(child))
    await runtime.remove(info.hostId)
  }
})

test('a recycled pid is not taken for the host, nor killed', async () => {
  const info = await runtime.create(stubSpec(newHostId(), ''))
  await tell(info, 'exit 0')
  await until('it exits', async () => (await runtime.inspect(info.hostId))?.state === 'exited')
  const note = join(hostsDir, info.hostId, 'pid')
  // Our own pid with the dead host's start time: what the note would point at after 32,768 other processes.
  writeFileSync(note, readFileSync(note, 'utf8').replace(/^\d+/, String(process.pid)))
  assert.equal((await runtime.inspect(info.hostId))?.state, 'exited')
  await runtime.remove(info.hostId)
  assert.equal(await runtime.inspect(info.hostId), null)
})

test('a pid noted before a reboot is not taken for the host', async () => {
  const info = await runtime.create(stubSpec(newHostId(), ''))
  const note = join(hostsDir, info.hostId, 'pid')
  const before = readFileSync(note, 'utf8')
  writeFileSync(note, before.replace(/\n.*\n$/, '\n00000000-0000-0000-0000-000000000000\n'))
  assert.equal((await runtime.inspect(info.hostId))?.state, 'exited')
  writeFileSync(note, before)
  assert.equal((await runtime.inspect(info.hostId))?.state, 'running')
  await runtime.remove(info.hostId)
})

test('a creator that died before the start leaves a host that the next create starts', async () => {
  const hostId = newHostId()
  const info = await runtime.create(stubSpec(hostId, ''))
  await tell(info, 'pid')
  await runtime.stop(hostId, 0)
  rmSync(join(hostsDir, hostId, 'pid'))
  rmSync(info.address.replace('unix:', ''))
  assert.equal((await runtime.inspect(hostId))?.state, 'created')
  assert.equal((await runtime.create(stubSpec(hostId, ''))).state, 'running')
  assert.notEqual(await tell(info, 'pid'), '')
  await runtime.remove(hostId)
})

test('a command that cannot run is an exited host with the reason in its log', async () => {
  const broken = processRuntime({ cluster: 'one', node: 'here', hostsDir, command: ['/does/not/exist'] })
  const { hostId } = await broken.create(stubSpec(newHostId(), ''))
  await until('it exits', async () => (await broken.inspect(hostId))?.state === 'exited')
  assert.match(await broken.tail(hostId, 1000), /does\/not\/exist/)
  await broken.remove(hostId)
})

test('a directory that is not ours is left alone', async () => {
  const hostId = newHostId()
  mkdirSync(join(hostsDir, hostId))
  writeFileSync(join(hostsDir, hostId, 'precious'), 'x')
  assert.equal(await runtime.inspect(hostId), null)
  await runtime.remove(hostId)
  assert.equal(readFileSync(join(hostsDir, hostId, 'precious'), 'utf8'), 'x')
  await assert.rejects(runtime.create(stubSpec(hostId, '')), { code: 'RUNTIME_UNAVAILABLE' })
  rmSync(join(hostsDir, hostId), { recursive: true })
})

test('a hosts directory too deep for a socket is refused with the numbers', async () => {
  const deep = processRuntime({ cluster: 'one', node: 'here', hostsDir: join(hostsDir, 'd'.repeat(100)), command })
  await assert.rejects(deep.create(stubSpec(newHostId(), '')), { code: 'BAD_REQUEST', message: /107 bytes.*shorter/s })
})

test('a hosts directory that cannot be made is RUNTIME_UNAVAILABLE', async () => {
  writeFileSync(join(hostsDir, 'file'), '')
  const blocked = processRuntime({ cluster: 'one', node: 'here', hostsDir: join(hostsDir, 'file/x'), command })
  await assert.rejects(blocked.ping(), { code: 'RUNTIME_UNAVAILABLE' })
  await assert.rejects(blocked.list(), { code: 'RUNTIME_UNAVAILABLE' })
  await assert.rejects(blocked.create(stubSpec(newHostId(), '')), { code: 'RUNTIME_UNAVAILABLE' })
})
