/** The Kubernetes runtime: the conformance suite on a real cluster, and what only a cluster can get wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImageMissing, LABEL, RuntimeRefused } from '../src/index.ts'
import { assertUnprivileged, runtimeConformance, stubSpec } from './conformance.ts'
import { kubernetesFixture, whyNoKubernetes } from './kubernetes-fixture.ts'
import { newHostId, tell, until } from './stub-client.ts'

const kubeconfig = process.env.HOLDFAST_KUBECONFIG ?? ''
const skip = await whyNoKubernetes(kubeconfig)
const { runtime, make, image, cluster, podOf, inside, here } = await kubernetesFixture(kubeconfig, skip)
const check = (title: string, body: () => Promise<void>): void => {
  test(title, { skip, timeout: 240_000 }, body)
}
const ended = (hostId: string) =>
  until('it ends', async () => {
    const now = await runtime.inspect(hostId)
    return now?.state === 'exited' && now
  })

runtimeConformance('kubernetes', {
  runtime,
  stranger: make({ cluster: 'stranger' }),
  image,
  knowsExitCodes: true,
  oneLog: true,
  skip,
})

check('an image that is not here is ImageMissing, and no pod is left behind', async () => {
  const hostId = newHostId()
  const name = 'hf-test-no-such-image.invalid/none:1'
  await assert.rejects(runtime.create(stubSpec(hostId, name)), (error) => {
    assert.ok(error instanceof ImageMissing)
    assert.equal(error.image, name)
    assert.match(String((error.cause as Error).message), /ErrImageNeverPull/)
    return true
  })
  assert.equal(await runtime.inspect(hostId), null)
})

check('a pod that no worker has room for is waited for, with the scheduler’s words', async () => {
  const hostId = newHostId()
  const creating = runtime.create(stubSpec(hostId, image, { limits: { memoryMb: 100_000_000 } }))
  await assert.rejects(creating, {
    code: 'RUNTIME_UNAVAILABLE',
    message: /does not run after 30 s: .*Insufficient memory/,
  })
  assert.equal((await runtime.inspect(hostId))?.state, 'created')
  await runtime.remove(hostId)
  assert.equal(await runtime.inspect(hostId), null)
})

check('a pod that has our name but is not ours is refused and left alone', async () => {
  const hostId = newHostId()
  const name = `hf-${cluster}-${hostId}`
  await here('run', name, `--image=${image}`, '--image-pull-policy=Never', '--restart=Never')
  await assert.rejects(runtime.create(stubSpec(hostId, image)), RuntimeRefused)
  await assert.rejects(runtime.remove(hostId), RuntimeRefused)
  assert.deepEqual(await runtime.list(), [])
  assert.equal(await here('get', 'pod', name, '-o', 'jsonpath={.metadata.name}'), name)
  await here('delete', 'pod', name, '--wait=false')
})

check('a host that runs out of memory itself is exited with 137 and oomKilled', async () => {
  const info = await runtime.create(stubSpec(newHostId(), image, { limits: { memoryMb: 96 } }))
  await tell(info, 'hoard')
  const end = await ended(info.hostId)
  assert.deepEqual([end.exitCode, end.oomKilled], [137, true])
  await runtime.remove(info.hostId)
})

check('a full list is read page by page', async () => {
  const names = Array.from({ length: 3 }, newHostId)
  for (const hostId of names) await runtime.create(stubSpec(hostId, image))
  const paged = make({ pageSize: 1 })
  assert.deepEqual((await paged.list()).map(({ hostId }) => hostId).sort(), names.sort())
  await Promise.all(names.map((hostId) => runtime.remove(hostId)))
})

check('a session that has taken every process there is is stopped all the same', async () => {
  const info = await runtime.create(stubSpec(newHostId(), image))
  await tell(info, 'pid')
  await tell(info, 'sh (for i in $(seq 2000); do sleep 600 >/dev/null 2>&1 & done) 2>/dev/null || true')
  await runtime.stop(info.hostId, 1_000)
  // Workers before 1.22 go on calling a container running that they have ended because its time was over.
  assert.match(await here('get', 'pod', podOf(info), '-o', 'jsonpath={.status.phase}'), /^(Failed|Succeeded)$/)
  await runtime.remove(info.hostId)
})

check('a pod deleted by others is gone, and its name is free again', async () => {
  const info = await runtime.create(stubSpec(newHostId(), image))
  await here('delete', 'pod', podOf(info), '--grace-period=1')
  assert.equal(await runtime.inspect(info.hostId), null)
  assert.equal((await runtime.create(stubSpec(info.hostId, image))).state, 'running')
  await runtime.remove(info.hostId)
})

check('inside: user 1000 without capabilities, a root that is read-only, no token', async () => {
  const info = await runtime.create(stubSpec(newHostId(), image, { limits: { memoryMb: 200, tmpMb: 8 } }))
  const pid = await tell(info, 'pid')
  const sh = (script: string): Promise<string> => inside(info, 'sh', '-c', script)
  const status = await sh(`cat /proc/${pid}/status`)
  assertUnprivileged(status)
  assert.notEqual(pid, '1', 'there is an init')
  await assert.rejects(sh('touch /usr/x'), /Read-only|Permission denied/)
  assert.equal(await sh('printf "#!/bin/sh\\necho ran" >/tmp/x && chmod +x /tmp/x && /tmp/x'), 'ran')
  assert.equal(await sh('echo kept >/home/dev/x && cat /home/dev/x'), 'kept')
  await assert.rejects(sh('ls /var/run/secrets/kubernetes.io'), /No such file/)
  const ours = Object.keys(JSON.parse(await tell(info, 'env'))).filter((name) => name.startsWith('HOLDFAST_'))
  assert.deepEqual(ours.sort(), ['HOLDFAST_HOST_ID', 'HOLDFAST_HOST_KEY', 'HOLDFAST_LISTEN', 'HOLDFAST_POD_IP'])
  const memory = await sh(
    'cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes',
  )
  assert.equal(memory, String(200 * 1024 * 1024))
  await runtime.remove(info.hostId)
})

check('the network policies are there, and putting them in place again changes nothing', async () => {
  await runtime.prepare?.()
  const read = () =>
    here('get', 'networkpolicies', '-o', 'jsonpath={range .items[*]}{.metadata.name} {.spec}{"\\n"}{end}')
  const before = await read()
  assert.match(before, new RegExp(`^hf-${cluster}-internet .*169.254.0.0/16`, 'm'))
  await runtime.prepare?.()
  assert.equal(await read(), before)
})

check('identity stands in annotations, also what no label can hold', async () => {
  const labels = { [LABEL.session]: 'x'.repeat(300), [LABEL.tenant]: 'Ä / ö "q"', [LABEL.limits]: '{"memoryMb":1}' }
  const info = await runtime.create(stubSpec(newHostId(), image, { labels }))
  for (const [name, value] of Object.entries(labels)) assert.equal(info.labels[name], value)
  await runtime.remove(info.hostId)
})
