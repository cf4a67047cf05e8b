/** Charts through the gateway: the orchestrator's, with the gateway's own lines on them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Charts } from '@holdfast/protocol'
import { chartTimes, createMetrics, Sampler } from '@holdfast/service-kit'
import { type Fixture, startFixture } from './fixture.ts'

const told = (source: Charts['source'], nowMs: number): Charts => {
  const times = chartTimes(60, nowMs)
  const { registry } = createMetrics({ holdfast_orchestrator_watch_streams: { kind: 'gauge', help: 'streams' } })
  return { source, times, charts: new Sampler(registry).charts(times) }
}
const get = (fixture: Fixture, query = ''): Promise<Response> =>
  fetch(`${fixture.url}/v1/charts${query}`, { headers: { authorization: `Bearer ${fixture.ann.key}` } })

test('the gateway adds what only it can measure, but not to what Prometheus knows', async (t) => {
  const fixture = await startFixture(t)
  let source: Charts['source'] = 'services'
  fixture.orchestrator.answer = (response) => response.end(JSON.stringify(told(source, Date.now())))
  const linesOf = async () => {
    const { charts } = (await (await get(fixture, '?minutes=60')).json()) as Charts
    return Object.fromEntries(charts.map(({ id, series }) => [id, series.map(({ name }) => name)]))
  }
  const { memory, echo, errors } = await linesOf()
  assert.deepEqual({ memory, echo }, { memory: ['orchestrator', 'gateway'], echo: ['p50', 'p99'] })
  assert.ok(errors?.includes('HTTP of the gateway'))
  assert.equal(fixture.orchestrator.seen.at(-1)?.url, '/v1/charts?minutes=60')
  source = 'prometheus'
  assert.deepEqual((await linesOf()).memory, ['orchestrator'])
})

test('a refusal of the orchestrator stays one, and without a key nothing is asked', async (t) => {
  const fixture = await startFixture(t)
  fixture.orchestrator.answer = (response) =>
    response.writeHead(403, { 'content-type': 'application/problem+json' }).end('{"code":"FORBIDDEN"}')
  const answer = await get(fixture)
  assert.deepEqual([answer.status, await answer.json()], [403, { code: 'FORBIDDEN' }])
  assert.equal((await fetch(`${fixture.url}/v1/charts`)).status, 401)
  assert.equal(fixture.orchestrator.seen.length, 1)
})
