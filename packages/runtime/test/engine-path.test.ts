/** The hosts directory as the engine sees it: the rules, and the real thing from inside a container. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { ownIds, throughMounts } from '../src/engine-path.ts'
import { stubSpec } from './conformance.ts'
import { docker, dockerFixture, whyNoDocker } from './docker-fixture.ts'
import { newHostId, tell } from './stub-client.ts'

const skip = await whyNoDocker(process.env.CI === 'true')
const { image, cluster, hostsDir, runtime } = await dockerFixture(skip)
const repository = join(import.meta.dirname, '../../..')

test('the innermost mount that holds the directory gives its path', () => {
  const mounts = [
    { Source: '/srv', Destination: '/var/lib' },
    { Source: '/data/vol/_data', Destination: '/var/lib/holdfast' },
    { Source: '/wrong', Destination: '/var/lib/holdfast-other' },
  ]
  assert.equal(throughMounts(mounts, '/var/lib/holdfast/hosts'), '/data/vol/_data/hosts')
  assert.equal(throughMounts(mounts, '/var/lib/holdfast'), '/data/vol/_data')
  assert.equal(throughMounts(mounts, '/var/lib/x'), '/srv/x')
  assert.equal(throughMounts(mounts, '/opt'), null)
})

test('our container is known by its hostname or by where /etc/hostname comes from, and never by a mount of the machine', () => {
  const id = 'ab'.repeat(32)
  const line = `700 690 254:0 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/vda rw`
  const shm = `701 690 0:55 / /var/lib/docker/containers/${id}/mounts/shm rw - tmpfs shm rw`
  assert.deepEqual(ownIds('0123456789ab', ''), ['0123456789ab'])
  assert.deepEqual(ownIds('orchestrator', line), [id])
  assert.deepEqual(ownIds('vm', shm), [])
})

/** What a process in a container does that has the engine's socket and, as /hosts, the hosts directory. */
const createInside = (hostId: string, dir: string): string => `
import { dockerRuntime } from '${repository}/packages/runtime/src/index.ts'
const runtime = dockerRuntime({ cluster: '${cluster}', node: 'engine', hostsDir: '${dir}', guardImage: 'none' })
const info = await runtime.create(${JSON.stringify(stubSpec(hostId, image))})
console.log(info.address)`

const runInside = (hostId: string, dir: string, ...options: string[]): Promise<string> => {
  const volumes = ['/var/run/docker.sock:/var/run/docker.sock', `${repository}:${repository}:ro`, `${hostsDir}:/hosts`]
  const mounts = volumes.flatMap((volume) => ['-v', volume])
  const script = createInside(hostId, dir)
  return docker(
    'run',
    '--rm',
    '--pull=never',
    '--network=none',
    ...options,
    ...mounts,
    image,
    'node',
    '--input-type=module',
    '-e',
    script,
  )
}

for (const [how, options] of [
  ['a container', []],
  ['a container with a hostname of its own', ['--hostname', 'orchestrator']],
] as const) {
  test(`from ${how}, a host gets the directory that we see under another path`, { skip, timeout: 90_000 }, async () => {
    const hostId = newHostId()
    assert.equal(await runInside(hostId, '/hosts', ...options), `unix:/hosts/${hostId}/host.sock`)
    const info = await runtime.inspect(hostId)
    assert.ok(info)
    assert.notEqual(await tell(info, 'pid'), '')
    await runtime.remove(hostId)
  })
}

test('from a container, a hosts directory that the engine cannot see is refused', {
  skip,
  timeout: 90_000,
}, async () => {
  const hostId = newHostId()
  await assert.rejects(runInside(hostId, '/opt/hosts'), /inside this container/)
  assert.equal(await runtime.inspect(hostId), null)
})
