/** What a session can do to its container and beyond, tried from inside. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { HostInfo } from '../src/index.ts'
import { assertUnprivileged, stubSpec } from './conformance.ts'
import { docker, dockerFixture, whyNoDocker } from './docker-fixture.ts'
import { newHostId, tell } from './stub-client.ts'

const skip = await whyNoDocker(process.env.CI === 'true')
const { runtime, image, inside, container } = await dockerFixture(skip)
const limits = { memoryMb: 200, cpus: 0.5, pids: 40, files: 300, tmpMb: 8 }
let info: HostInfo
let plain: HostInfo
before(async () => {
  if (skip !== false) return
  info = await runtime.create(stubSpec(newHostId(), image, { limits }))
  plain = await runtime.create(stubSpec(newHostId(), image, { limits: {} }))
  await tell(info, 'pid')
  await runtime.seal(info.hostId)
})
const check = (title: string, body: () => Promise<void>): void => {
  test(title, { skip, timeout: 240_000 }, body)
}
const sh = (script: string): Promise<string> => inside(info, 'sh', '-c', script)
const engineSays = async (of: HostInfo, format: string): Promise<string> =>
  docker('inspect', '-f', format, container(of))

check('the host runs as user 1000 under an init, without capabilities or a way to get any', async () => {
  const pid = await tell(info, 'pid')
  const status = await sh(`cat /proc/${pid}/status`)
  assertUnprivileged(status)
  assert.notEqual(pid, '1')
  assert.match(await sh('cat /proc/1/comm'), /init|tini/)
})

check('the root is read-only; /tmp runs programs; the workspace can be written', async () => {
  await assert.rejects(sh('touch /usr/x'), /Read-only|Permission denied/)
  await assert.rejects(docker('exec', '-u', '0', container(info), 'touch', '/usr/x'), /Read-only/)
  assert.equal(await sh('printf "#!/bin/sh\\necho ran" >/tmp/x && chmod +x /tmp/x && /tmp/x'), 'ran')
  assert.equal(await sh('echo kept >/home/dev/x && cat /home/dev/x'), 'kept')
  const mounts = await sh('cat /proc/mounts')
  assert.match(mounts, /^tmpfs \/tmp tmpfs rw,nosuid,nodev,relatime,size=8192k/m)
  assert.match(mounts, /^tmpfs \/run tmpfs rw,nosuid,nodev,noexec,/m)
  await assert.rejects(sh('head -c 9000000 /dev/zero >/tmp/big'), /No space left/)
})

check('memory, CPU, processes and files are limited as asked, by default, and with no swap', async () => {
  const format =
    '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.CpuQuota}} {{.HostConfig.CpuPeriod}} {{.HostConfig.PidsLimit}}'
  const mib = 1024 * 1024
  assert.equal(await engineSays(info, format), `${200 * mib} ${200 * mib} 50000 100000 40`)
  assert.equal(await engineSays(plain, format), `${2048 * mib} ${2048 * mib} 200000 100000 512`)
  const memory = await sh(
    'cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes',
  )
  assert.equal(memory, String(200 * mib))
  assert.equal(await sh('cat /sys/fs/cgroup/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids/pids.max'), '40')
  assert.equal(await sh('ulimit -n; ulimit -Hn'), '300\n300')
  assert.equal(await inside(plain, 'sh', '-c', 'ulimit -n; ulimit -Hn'), '4096\n4096')
})

check('more processes than the limit cannot be made, and the host still answers', async () => {
  const crowded = await runtime.create(stubSpec(newHostId(), image, { limits }))
  await tell(crowded, 'pid')
  await assert.rejects(inside(crowded, 'sh', '-c', 'for i in $(seq 60); do sleep 60 & done; wait'), /fork/i)
  assert.notEqual(await tell(crowded, 'pid'), '')
  await runtime.remove(crowded.hostId)
})

check('a session without network has the loopback device only', async () => {
  assert.equal(await sh('ls /sys/class/net'), 'lo')
})

check('no engine socket, no other host and no variable of ours but the three are inside', async () => {
  await assert.rejects(sh('ls /var/run/docker.sock /run/docker.sock'), /No such file/)
  assert.equal(await sh('ls /run/holdfast'), 'host.sock')
  const env = JSON.parse(await tell(info, 'env'))
  const ours = Object.keys(env).filter((name) => name.startsWith('HOLDFAST_'))
  assert.deepEqual(ours.sort(), ['HOLDFAST_HOST_ID', 'HOLDFAST_HOST_KEY', 'HOLDFAST_LISTEN'])
})

check('the engine neither restarts nor removes the container by itself, and keeps a bounded log', async () => {
  const format = '{{.HostConfig.AutoRemove}} {{.HostConfig.RestartPolicy.Name}} {{json .HostConfig.LogConfig}}'
  const log = '{"Type":"json-file","Config":{"max-file":"2","max-size":"1m"}}'
  assert.equal(await engineSays(info, format), `false no ${log}`)
  assert.equal(await engineSays(info, '{{.Config.StopSignal}} {{.HostConfig.Privileged}}'), 'SIGTERM false')
})
