/** Serving: probes, metrics and the way down of a real process. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

interface Service {
  child: ChildProcess
  url: string
  metricsUrl: string
  /** Everything it wrote. */
  log(): string
}

const start = async (
  context: TestContext,
  outcome: 'ends' | 'fails' | 'unready',
  ports?: number[],
): Promise<Service> => {
  const [port, metricsPort] = ports ?? [await freePort(), await freePort()]
  const child = fork(new URL('./fixtures/service.ts', import.meta.url), [String(port), String(metricsPort), outcome], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  context.after(() => child.kill('SIGKILL'))
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (log += text))
  const base = 'http://127.0.0.1'
  const service = { child, url: `${base}:${port}`, metricsUrl: `${base}:${metricsPort}`, log: () => log }
  const first = await Promise.race([once(child, 'message'), once(child, 'close')]) // by then all of its log has been read
  return first[0] === 'listening' ? service : Promise.reject(new Error(`ended at its start: ${log}`))
}

const get = async (url: string) => {
  const response = await fetch(url, { headers: { connection: 'close' } })
  return { status: response.status, text: await response.text() }
}

test('a service that listens is alive and ready, and shows its metrics on a port of their own', async (context) => {
  const { url, metricsUrl } = await start(context, 'ends')
  assert.equal((await get(`${url}/healthz`)).status, 200)
  assert.deepEqual(await get(`${url}/readyz`), { status: 200, text: '{"ready":true}' })
  assert.equal((await get(metricsUrl)).status, 200)
  assert.equal((await get(`${url}/metrics`)).status, 404)
})

test('a service that should get no traffic is alive but not ready, with the reason', async (context) => {
  const { url } = await start(context, 'unready')
  assert.equal((await get(`${url}/healthz`)).status, 200)
  assert.deepEqual(await get(`${url}/readyz`), { status: 503, text: '{"ready":false,"reason":"no store"}' })
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`on ${signal} it is unready while it drains, then ends with 0`, async (context) => {
    const { child, url } = await start(context, 'ends')
    const draining = once(child, 'message')
    child.kill(signal)
    assert.deepEqual((await draining)[0], 'draining')
    assert.deepEqual(await get(`${url}/readyz`), { status: 503, text: '{"ready":false,"reason":"draining"}' })
    assert.equal((await get(`${url}/healthz`)).status, 200)
    const exited = once(child, 'exit')
    child.kill('SIGTERM') // a second signal changes nothing
    child.send('go on')
    assert.deepEqual(await exited, [0, null])
  })
}

test('a drain that fails is logged and the service closes all the same', async (context) => {
  const { child, log } = await start(context, 'fails')
  const draining = once(child, 'message')
  child.kill('SIGTERM')
  await draining
  const closed = once(child, 'close')
  child.send('go on')
  assert.deepEqual(await closed, [0, null])
  assert.match(log(), /the drain broke/)
})

test('a port in use ends the start with its reason', async (context) => {
  const { url, metricsUrl } = await start(context, 'ends')
  const [port, metricsPort] = [Number(new URL(url).port), Number(new URL(metricsUrl).port)]
  const free = await freePort()
  await assert.rejects(start(context, 'ends', [port, free]), /EADDRINUSE/)
  await assert.rejects(start(context, 'ends', [free, metricsPort]), /EADDRINUSE/)
})
