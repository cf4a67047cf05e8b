/** The process itself, with Redis unreachable: it starts, serves, and goes down in order on SIGTERM. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { type Fixture, startFixture } from './fixture.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')

const startProcess = async (t: TestContext, fixture: Fixture): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PORT: '0',
      METRICS_PORT: '0',
      REDIS_URL: 'redis://127.0.0.1:1', // tcpmux: nothing listens there
      ORCHESTRATOR_URL: fixture.orchestrator.url,
      HOLDFAST_MASTER_KEY_FILE: join(fixture.dir, 'master'),
      HOLDFAST_KEYS_FILE: fixture.keysFile,
    },
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

const portOf = async (child: ChildProcess): Promise<number> => {
  assert.ok(child.stdout)
  for await (const line of createInterface(child.stdout)) {
    const port = /listening at http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]
    if (port !== undefined) return Number(port)
  }
  throw new Error('it ended before it listened')
}

test('it starts without Redis, attaches, and drains on SIGTERM', { timeout: 120_000 }, async (t) => {
  const fixture = await startFixture(t)
  const { session } = await fixture.running()
  const { id, tenant, hostId, address, fence, phase } = session
  fixture.orchestrator.known.set(id, { tenant, session: id, hostId, address, fence, phase })
  const child = await startProcess(t, fixture)
  const exited = once(child, 'exit')
  fixture.port = await portOf(child)
  child.stdout?.resume()
  assert.equal((await fetch(`${fixture.url}/healthz`)).status, 200)
  assert.equal((await fetch(`${fixture.url}/readyz`)).status, 200)
  const client = await fixture.open(id)
  const closed = once(client, 'close')
  child.kill('SIGTERM')
  assert.equal((await closed)[0], 1012)
  assert.deepEqual(await exited, [0, null])
})

test('it reports every bad variable at once and does not start', async (t) => {
  const child = spawn(process.execPath, [MAIN], { env: { PORT: 'x' }, stdio: ['ignore', 'ignore', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 1)
  for (const name of ['PORT', 'REDIS_URL', 'ORCHESTRATOR_URL', 'HOLDFAST_KEYS_FILE', 'HOLDFAST_MASTER_KEY_FILE']) {
    assert.ok(said.includes(name), name)
  }
})
