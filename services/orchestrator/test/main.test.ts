/** The service as a process of its own: probes, metrics, drain, crash, and refusing a Redis that forgets. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Session } from '@holdfast/protocol'
import { eventually, freePort, redisForTests } from '@holdfast/session-store/redis-server'
import { Redis } from 'ioredis'
import { HOST_COMMAND, MASTER_KEY, newWorld, tokenOf, type World } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)
const MAIN = join(import.meta.dirname, '../src/main.ts')
const TEMPLATES = join(import.meta.dirname, '../../../templates.yaml')

interface Service {
  child: ChildProcess
  url: string
  metricsUrl: string
  output(): string
}

const spawnService = async (t: TestContext, world: World, hostCommand = HOST_COMMAND): Promise<Service> => {
  const keyFile = join(world.hostsDir, 'master-key')
  await writeFile(keyFile, MASTER_KEY)
  const [port, metricsPort] = [await freePort(), await freePort()]
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      REDIS_URL: world.redisUrl,
      HOLDFAST_CLUSTER: world.cluster,
      HOLDFAST_MASTER_KEY_FILE: keyFile,
      HOLDFAST_RUNTIME: 'process',
      HOLDFAST_HOSTS_DIR: world.hostsDir,
      HOLDFAST_HOST_COMMAND: JSON.stringify(hostCommand),
      HOLDFAST_TEMPLATES_FILE: TEMPLATES,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  return { child, url: `http://127.0.0.1:${port}`, metricsUrl: `http://127.0.0.1:${metricsPort}`, output: () => output }
}

const ready = ({ url, output, child }: Service) =>
  eventually(
    'ready',
    async () => {
      if (child.exitCode !== null) throw new Error(output())
      return fetch(`${url}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      )
    },
    60,
  )

const ask = async ({ url }: Service, path: string, method = 'GET', body?: unknown): Promise<Session> => {
  const headers = { authorization: tokenOf(), 'content-type': 'application/json' }
  const answer = await fetch(`${url}${path}`, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await answer.text()
  assert.ok(answer.ok, `${answer.status} ${text}`)
  return JSON.parse(text)
}

test('sessions outlive SIGTERM and SIGKILL of the orchestrator', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const first = await spawnService(t, world)
  await ready(first)
  assert.equal((await fetch(`${first.url}/healthz`)).status, 200)
  const { id } = await ask(first, '/v1/sessions', 'POST', { name: 'survivor', command: 'sleep', args: ['600'] })
  const metrics = await (await fetch(first.metricsUrl)).text()
  assert.match(metrics, /holdfast_orchestrator_create_seconds_count\{start="cold",outcome="running"\} 1/)
  first.child.kill('SIGTERM')
  assert.deepEqual(await once(first.child, 'exit'), [0, null], first.output())

  const second = await spawnService(t, world)
  await ready(second)
  assert.equal((await ask(second, `/v1/sessions/${id}`)).phase, 'running')
  const { id: hurried } = await ask(second, '/v1/sessions', 'POST', { command: 'sleep', args: ['600'] })
  // Killed in the middle of as much as can be going on.
  const underWay = [1, 2, 3].map(() =>
    ask(second, '/v1/sessions', 'POST', { command: 'sleep', args: ['600'] }).catch(() => null),
  )
  await eventually('hosts are made', async () => (await world.runtime.list()).length > 2)
  second.child.kill('SIGKILL')
  await once(second.child, 'exit')
  await Promise.all(underWay)

  const third = await spawnService(t, world)
  await ready(third)
  const sessions = await eventually(
    'all run',
    async () => {
      const page = (await ask(third, '/v1/sessions')) as unknown as { sessions: Session[] }
      return page.sessions.every(({ phase }) => phase === 'running') && page.sessions
    },
    60,
  )
  const ids = sessions.map((session) => session.id)
  assert.ok(ids.includes(id) && ids.includes(hurried))
  assert.equal((await world.runtime.list()).length, ids.length)
})

test('an orchestrator frozen in the middle of a create: another one ends it, with the same host', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  // Slow enough to be caught before the claim.
  const slow = ['/bin/sh', '-c', 'sleep 4; exec "$@"', 'sh', ...HOST_COMMAND]
  const frozen = await spawnService(t, world, slow)
  await ready(frozen)
  const asked = fetch(`${frozen.url}/v1/sessions`, {
    method: 'POST',
    headers: { authorization: tokenOf(), 'content-type': 'application/json', prefer: 'wait=0' },
    body: JSON.stringify({ command: 'sleep', args: ['600'] }),
  })
  const { id } = (await (await asked).json()) as Session
  const [host] = await eventually('the host is made', async () => {
    const hosts = await world.runtime.list()
    return hosts.length === 1 && hosts
  })
  frozen.child.kill('SIGSTOP')
  const other = await spawnService(t, world, slow)
  await ready(other)
  const running = () => ask(other, `/v1/sessions/${id}`).then(({ phase }) => phase === 'running')
  await eventually('it runs', running, 60)
  frozen.child.kill('SIGCONT')
  // The thawed one is at the same create, and goes on with it.
  await ready(frozen)
  await ask(frozen, '/v1/sessions', 'POST', { command: 'true' })
  assert.equal((await ask(frozen, `/v1/sessions/${id}`)).phase, 'running')
  assert.equal(await running(), true)
  const hosts = (await world.runtime.list()).filter(({ labels }) => labels['dev.holdfast.session'] === id)
  assert.deepEqual(
    hosts.map(({ hostId }) => hostId),
    [host?.hostId],
  )
})

test('a Redis that may drop records is refused', { skip }, async (t) => {
  const redis = new Redis(server().url)
  t.after(async () => {
    await redis.config('SET', 'maxmemory-policy', 'noeviction')
    redis.disconnect()
  })
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru')
  const service = await spawnService(t, await newWorld(t, server()))
  const [code] = await once(service.child, 'close') // by then all that it said has been read
  assert.notEqual(code, 0)
  assert.match(service.output(), /maxmemory-policy allkeys-lru/)
})
