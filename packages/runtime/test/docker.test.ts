/** The Docker runtime: the conformance suite, and what only an engine can get wrong. */
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ImageMissing, LABEL, RuntimeRefused } from '../src/index.ts'
import { runtimeConformance, stubSpec } from './conformance.ts'
import { docker, dockerFixture, whyNoDocker } from './docker-fixture.ts'
import { newHostId, tell, until } from './stub-client.ts'

const skip = await whyNoDocker(process.env.CI === 'true')
const { runtime, make, image, cluster, hostsDir, inside, container } = await dockerFixture(skip)
const check = (title: string, body: () => Promise<void>): void => {
  test(title, { skip, timeout: 240_000 }, body)
}

runtimeConformance('docker', {
  runtime,
  stranger: make({ cluster: 'stranger' }),
  image,
  knowsExitCodes: true,
  skip,
})

check('an image that is not here is ImageMissing, and nothing is pulled or left behind', async () => {
  const hostId = newHostId()
  const name = 'hf-test-no-such-image.invalid/none:1'
  await assert.rejects(runtime.create(stubSpec(hostId, name)), (error) => {
    assert.ok(error instanceof ImageMissing)
    assert.equal(error.image, name)
    return true
  })
  assert.equal(await runtime.inspect(hostId), null)
  await runtime.remove(hostId)
})

check('a create that was cut short before the start is finished by the next one', async () => {
  const hostId = newHostId()
  const labels = [`${LABEL.cluster}=${cluster}`, `${LABEL.host}=${hostId}`].flatMap((label) => ['--label', label])
  mkdirSync(join(hostsDir, hostId))
  const mount = `${join(hostsDir, hostId)}:/run/holdfast`
  const name = `hf-${cluster}-${hostId}`
  const env = 'HOLDFAST_LISTEN=unix:/run/holdfast/host.sock'
  await docker('create', '--pull=never', '--name', name, ...labels, '-v', mount, '-e', env, '-u', '1000', image)
  assert.equal((await runtime.inspect(hostId))?.state, 'created')
  const info = await runtime.create(stubSpec(hostId, image))
  assert.equal(info.state, 'running')
  assert.notEqual(await tell(info, 'pid'), '')
  await runtime.remove(hostId)
})

check('a container that has our name but not our labels is refused and left alone', async () => {
  const hostId = newHostId()
  const name = `hf-${cluster}-${hostId}`
  await docker('create', '--pull=never', '--name', name, image)
  await assert.rejects(runtime.create(stubSpec(hostId, image)), RuntimeRefused)
  await assert.rejects(runtime.remove(hostId), RuntimeRefused)
  assert.deepEqual(await runtime.list(), [])
  assert.equal(await docker('inspect', '-f', '{{.State.Status}}', name), 'created')
  await docker('rm', '-v', name)
})

check('the seal takes write access to the socket directory away from the session', async () => {
  const info = await runtime.create(stubSpec(newHostId(), image))
  await tell(info, 'pid')
  await inside(info, 'touch', '/run/holdfast/before')
  await runtime.seal(info.hostId)
  await assert.rejects(inside(info, 'touch', '/run/holdfast/after'), /Permission denied/)
  await assert.rejects(inside(info, 'rm', '/run/holdfast/host.sock'), /Permission denied/)
  await assert.rejects(inside(info, 'chmod', '777', '/run/holdfast'), /not permitted/)
  assert.notEqual(await tell(info, 'pid'), '')
  // A second create must not open it again.
  await runtime.create(stubSpec(info.hostId, image))
  assert.equal(statSync(join(hostsDir, info.hostId)).mode & 0o777, 0o755)
  await runtime.remove(info.hostId)
})

check('labels of the image do not become labels of the session', async () => {
  const info = await runtime.create(stubSpec(newHostId(), image))
  assert.equal(info.labels[LABEL.tenant], undefined)
  assert.equal(info.labels[LABEL.cluster], cluster)
  await runtime.remove(info.hostId)
})

check('remove takes the workspace, volumes of the image and the directory along', async () => {
  const info = await runtime.create(stubSpec(newHostId(), image))
  const volumes = await docker(
    'inspect',
    '-f',
    '{{range .Mounts}}{{if .Name}}{{.Name}} {{end}}{{end}}',
    container(info),
  )
  const names = volumes.trim().split(' ')
  assert.equal(names.length, 2)
  assert.ok(names.includes(container(info)))
  await runtime.remove(info.hostId)
  for (const name of names) await assert.rejects(docker('volume', 'inspect', name), /[Nn]o such volume/)
  assert.throws(() => statSync(join(hostsDir, info.hostId)), /ENOENT/)
})

check(
  'a remove that was cut short after the directory, or after the container, is finished by the next one',
  async () => {
    for (const cut of ['directory', 'container']) {
      const info = await runtime.create(stubSpec(newHostId(), image))
      rmSync(join(hostsDir, info.hostId), { recursive: true })
      if (cut === 'container') await docker('rm', '-f', '-v', container(info))
      await runtime.remove(info.hostId)
      await assert.rejects(docker('volume', 'inspect', container(info)), /[Nn]o such volume/)
      assert.deepEqual(await runtime.list(), [])
    }
  },
)

check('a later host finds the workspace of the one before it, which is removed without it', async () => {
  const first = await runtime.create(stubSpec(newHostId(), image))
  await inside(first, 'sh', '-c', 'echo kept >/home/dev/file')
  await runtime.stop(first.hostId, 0)
  const second = await runtime.create(stubSpec(newHostId(), image, { workspace: first.hostId }))
  await runtime.remove(first.hostId, null)
  assert.equal(await inside(second, 'cat', '/home/dev/file'), 'kept')
  await runtime.remove(second.hostId, first.hostId)
  await assert.rejects(docker('volume', 'inspect', container(first)), /[Nn]o such volume/)
})

check('a frozen host does nothing until it is thawed, and can be stopped and removed', async () => {
  const info = await runtime.create(stubSpec(newHostId(), image))
  const pid = await tell(info, 'pid')
  await runtime.freeze?.(info.hostId)
  await runtime.freeze?.(info.hostId)
  assert.equal((await runtime.inspect(info.hostId))?.state, 'frozen')
  assert.deepEqual(
    (await runtime.list()).map(({ state }) => state),
    ['frozen'],
  )
  const answer = tell(info, 'pid')
  await runtime.thaw?.(info.hostId)
  await runtime.thaw?.(info.hostId)
  assert.equal(await answer, pid)
  await runtime.freeze?.(info.hostId)
  await runtime.stop(info.hostId, 20_000)
  assert.equal((await runtime.inspect(info.hostId))?.exitCode, 7, 'it ended by itself')
  await runtime.remove(info.hostId)
  const other = await runtime.create(stubSpec(newHostId(), image))
  await runtime.freeze?.(other.hostId)
  await runtime.remove(other.hostId)
  assert.equal(await runtime.inspect(other.hostId), null)
})

check('a host that runs out of memory itself is exited with 137 and oomKilled', async () => {
  const info = await runtime.create(stubSpec(newHostId(), image, { limits: { memoryMb: 96 } }))
  await tell(info, 'hoard')
  const end = await until('it is killed', async () => {
    const now = await runtime.inspect(info.hostId)
    return now?.state === 'exited' && now
  })
  assert.equal(end.exitCode, 137)
  assert.equal(end.oomKilled, true)
  assert.deepEqual(
    (await runtime.list()).find(({ hostId }) => hostId === info.hostId),
    end,
  )
  await runtime.remove(info.hostId)
})

check('the host key does not travel in a URL', async () => {
  const { createServer } = await import('node:net')
  const socketPath = join(hostsDir, 'spy.sock')
  let seen = ''
  const spy = createServer((socket) => {
    socket.on('data', (bytes) => {
      seen += bytes
      const absent = seen.includes('/create') ? '500 Error' : '404 Not Found'
      socket.end(`HTTP/1.1 ${absent}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`)
    })
  }).listen(socketPath)
  await assert.rejects(make({ engine: { socket: socketPath } }).create(stubSpec(newHostId(), image)), {
    code: 'RUNTIME_UNAVAILABLE',
  })
  spy.close()
  const create = seen.slice(seen.indexOf('POST '))
  assert.match(create, /^POST \/containers\/create\?name=hf-[a-z0-9-]+ HTTP/)
  assert.match(create, /HOLDFAST_HOST_KEY=abab/)
  rmSync(socketPath, { force: true })
})
