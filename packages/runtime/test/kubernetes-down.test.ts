/** An API server that is gone, that hangs, that refuses or that fails: every call ends, with the error that it should, and is made once. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { kubernetesRuntime, type Runtime, RuntimeRefused } from '../src/index.ts'
import { stubSpec } from './conformance.ts'
import { answering, apiServer, dir, kubeconfigFor, type Serve } from './kubernetes-server.ts'
import { newHostId } from './stub-client.ts'

const runtimeWith = (kubeconfig: string, context?: string): Runtime => {
  const settings = { kubeconfig, namespace: 'x', ...(context === undefined ? {} : { context }) }
  return kubernetesRuntime({ cluster: 'down', node: 'n', settings, cpuOvercommit: 4 })
}
const serverThat = async (t: TestContext, serve: Serve): Promise<{ runtime: Runtime; close(): void }> => {
  const { kubeconfig, close } = await apiServer(t, serve)
  return { runtime: runtimeWith(kubeconfig), close }
}

/** What every call fails with. */
const failures = async (runtime: Runtime): Promise<unknown[]> => {
  const id = newHostId()
  const calls = [
    runtime.ping(),
    runtime.list(),
    runtime.inspect(id),
    runtime.address(id),
    runtime.seal(id),
    runtime.assign(id, {}),
    runtime.create(stubSpec(id, 'x')),
    runtime.stop(id, 1_000),
    runtime.remove(id),
    runtime.tail(id, 100),
    runtime.prepare?.(),
  ]
  return (await Promise.allSettled(calls)).map((result) => (result.status === 'rejected' ? result.reason : 'no error'))
}
const allUnavailable = async (runtime: Runtime, message: RegExp): Promise<void> => {
  for (const error of await failures(runtime)) {
    assert.equal((error as { code?: string }).code, 'RUNTIME_UNAVAILABLE', String(error))
    assert.match((error as Error).message, message)
  }
}

test('a server that is not there', { timeout: 30_000 }, async (t) => {
  const { runtime, close } = await serverThat(t, () => {})
  close()
  await allUnavailable(runtime, /ECONNREFUSED/)
})

test('a server that takes requests and never answers', { timeout: 60_000 }, async (t) => {
  const { runtime } = await serverThat(t, () => {})
  const begun = Date.now()
  await assert.rejects(runtime.ping(), { code: 'RUNTIME_UNAVAILABLE', message: /did not answer a ping within 3 s/ })
  assert.ok(Date.now() - begun < 5_900) // a second try would have taken as long again
  await allUnavailable(runtime, /did not .* within \d+ s/)
})

test('a server that stops in the middle of an answer', { timeout: 60_000 }, async (t) => {
  const { runtime } = await serverThat(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{"items":[')
  })
  await allUnavailable(runtime, /did not .* within \d+ s/)
})

test('what passes is unavailable, with the reason, and asked once', { timeout: 30_000 }, async (t) => {
  for (const [status, reason] of [
    [500, 'etcd is not there'],
    [503, 'not yet'],
    [429, 'too many requests'],
    [401, 'Unauthorized'],
    [403, 'exceeded quota: pods'],
  ] as const) {
    let asked = 0
    const { runtime } = await serverThat(t, (request, response) => {
      asked++
      answering(status, reason)(request, response)
    })
    await assert.rejects(runtime.list(), { code: 'RUNTIME_UNAVAILABLE', message: new RegExp(reason) })
    assert.equal(asked, 1, String(status))
    await allUnavailable(runtime, new RegExp(reason))
  }
})

test('what is forbidden or wrong is refused', { timeout: 30_000 }, async (t) => {
  for (const status of [400, 403, 422]) {
    const { runtime } = await serverThat(t, answering(status, 'no'))
    await assert.rejects(runtime.list(), RuntimeRefused)
    await assert.rejects(runtime.create(stubSpec(newHostId(), 'x')), RuntimeRefused)
  }
})

test('a list whose place is forgotten is read from its start, and is an error when that goes on', {
  timeout: 30_000,
}, async (t) => {
  const page = JSON.stringify({ metadata: { continue: 'next' }, items: [] })
  const whole = JSON.stringify({ metadata: {}, items: [] })
  let gone = 1
  const { runtime } = await serverThat(t, (request, response) => {
    if (!request.url?.includes('continue=')) response.end(gone > 0 ? page : whole)
    else if (gone-- > 0) answering(410, 'The provided continue parameter is too old')(request, response)
  })
  assert.deepEqual(await runtime.list(), [])
  gone = 100
  await assert.rejects(runtime.list(), { code: 'RUNTIME_UNAVAILABLE', message: /too old/ })
})

test('a kubeconfig that is not there, or names no such context, is told', { timeout: 30_000 }, async () => {
  assert.throws(() => runtimeWith(join(dir, 'none')), { code: 'BAD_REQUEST', message: /ENOENT/ })
  await allUnavailable(runtimeWith(kubeconfigFor(1), 'none'), /names no cluster/)
})
