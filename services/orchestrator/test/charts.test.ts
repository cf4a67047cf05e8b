/** Charts over HTTP: for operators alone, from the service itself or Prometheus, and never the one in place of the other without a word. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Charts } from '@holdfast/protocol'
import { answerWithProblems, createMetrics } from '@holdfast/service-kit'
import { fastify } from 'fastify'
import { chartsRoute } from '../src/charts-route.ts'
import { METRICS } from '../src/metrics.ts'
import { validateWithTypebox } from '../src/validation.ts'

const start = async (t: TestContext, prometheusUrl = '', role: 'user' | 'operator' = 'operator') => {
  const app = fastify()
  answerWithProblems(app)
  validateWithTypebox(app)
  app.decorateRequest('caller')
  app.addHook('onRequest', async (request) => {
    request.caller = { principal: 'ada', tenant: 'acme', role }
  })
  await app.register(chartsRoute, { metrics: createMetrics(METRICS), prometheusUrl })
  t.after(() => app.close())
  return async (path = '/v1/charts') => {
    const answer = await app.inject(path)
    return { status: answer.statusCode, charts: answer.json<Charts>() }
  }
}

test('only operators see charts, of at most an hour', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() }) // no step ends between the first sample and the look
  const asUser = await start(t, '', 'user')
  assert.equal((await asUser()).status, 403)
  const get = await start(t)
  const { status, charts } = await get()
  assert.deepEqual([status, charts.source, charts.fault, charts.times.length], [200, 'services', undefined, 240])
  const memory = charts.charts.find(({ id }) => id === 'memory')?.series[0]
  assert.equal(memory?.name, 'orchestrator')
  assert.ok((memory?.values.at(-1) ?? 0) > 1e6, 'the first sample is taken at the start')
  assert.equal((await get('/v1/charts?minutes=5')).charts.times.length, 20)
  for (const minutes of ['0', '61', 'x']) assert.equal((await get(`/v1/charts?minutes=${minutes}`)).status, 400)
})

test('a Prometheus that fails is named, and the service’s own numbers are called its own', async (t) => {
  let down = false
  const server = createServer((_request, response) => {
    if (down) return void response.writeHead(503).end('{"status":"error","error":"it compacts"}')
    response.end('{"status":"success","data":{"result":[]}}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const get = await start(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  assert.equal((await get()).charts.source, 'prometheus')
  down = true
  const { charts } = await get()
  assert.deepEqual([charts.source, charts.fault], ['services', 'Prometheus: it compacts'])
  assert.ok(charts.charts.some(({ id, series }) => id === 'memory' && series.length === 1))
})
