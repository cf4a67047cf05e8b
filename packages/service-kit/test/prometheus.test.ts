/** Charts out of a Prometheus: a server that speaks its API, one that refuses, one that says nothing, and none. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { chartTimes, prometheusCharts } from '../src/index.ts'

const TIMES = chartTimes(1, 1_800_000_000_000)
const [FIRST = 0, SECOND = 0] = TIMES

const serve = async (t: TestContext, listener: RequestListener): Promise<string> => {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('every line is asked for in its range, and lands at its times', async (t) => {
  const asked: string[] = []
  const url = await serve(t, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    assert.equal(pathname, '/prefix/api/v1/query_range')
    assert.deepEqual(
      ['start', 'end', 'step'].map((name) => Number(searchParams.get(name))),
      [FIRST, TIMES.at(-1), 15],
    )
    const query = searchParams.get('query') ?? ''
    asked.push(query)
    const result = query.includes('orchestrator_sessions')
      ? [{ metric: { phase: 'running' }, values: [[SECOND, '7']] }]
      : query.startsWith('histogram_quantile(0.99') && query.includes('echo')
        ? [{ metric: {}, values: TIMES.map((time) => [time, time === FIRST ? 'NaN' : '0.002']) }]
        : []
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }))
  })
  const charts = await prometheusCharts(`${url}/prefix/`, TIMES)
  const of = (id: string) => charts.find((chart) => chart.id === id)?.series
  assert.deepEqual(of('sessions'), [{ name: 'running', values: [null, 7, null, null] }])
  assert.deepEqual(of('echo'), [{ name: 'p99', values: [null, 0.002, 0.002, 0.002] }])
  for (const query of [
    'max by (phase) (sum by (phase, job, instance) (holdfast_orchestrator_sessions))',
    'sum by (outcome) (rate(holdfast_orchestrator_create_seconds_count[60s])) * 60',
    'histogram_quantile(0.5, sum by (le) (rate(holdfast_gateway_echo_seconds_bucket[60s])))',
    'sum((process_resident_memory_bytes and on (job, instance) holdfast_gateway_attachments))',
  ])
    assert.ok(asked.includes(query), query)
})

test('what Prometheus refuses is said in its words', async (t) => {
  const url = await serve(t, (_request, response) => {
    response.writeHead(400).end(JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'too many points' }))
  })
  await assert.rejects(prometheusCharts(url, TIMES), { message: 'Prometheus: too many points' })
})

test('what is no Prometheus is called so', async (t) => {
  const url = await serve(t, (_request, response) => response.writeHead(502).end('<html>'))
  await assert.rejects(prometheusCharts(url, TIMES), { message: 'Prometheus: HTTP 502' })
})

test('a Prometheus that is not there, or says nothing, is given up', async (t) => {
  await assert.rejects(prometheusCharts('http://127.0.0.1:1', TIMES), /Prometheus: .*(ECONNREFUSED|bad port)/)
  const url = await serve(t, () => {})
  await assert.rejects(prometheusCharts(url, TIMES), { message: 'Prometheus: no answer within 4 s' })
})
