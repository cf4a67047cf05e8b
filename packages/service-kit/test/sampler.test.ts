/** Charts out of a service's own registry: what is counted at each point, what is not known, and that it does not grow. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chartTimes, createMetrics, mergeCharts, quantile, Sampler } from '../src/index.ts'

const TABLE = {
  holdfast_orchestrator_sessions: { kind: 'gauge', help: 'sessions', labels: ['phase', 'runtime'] },
  holdfast_orchestrator_watch_streams: { kind: 'gauge', help: 'streams' },
  holdfast_orchestrator_redis_errors_total: { kind: 'counter', help: 'errors', labels: ['operation'] },
  holdfast_orchestrator_create_seconds: {
    kind: 'histogram',
    help: 'creates',
    labels: ['start', 'outcome'],
    buckets: [0.1, 1],
  },
} as const
/** A step's beginning, milliseconds. */
const T0 = 1_800_000_000_000

const world = () => {
  const metrics = createMetrics(TABLE)
  const sampler = new Sampler(metrics.registry)
  const lines = (chart: string, minutes: number, nowMs: number) =>
    Object.fromEntries(
      sampler
        .charts(chartTimes(minutes, nowMs))
        .find(({ id }) => id === chart)
        ?.series.map(({ name, values }) => [name, values]) ?? [],
    )
  return { metrics, sampler, lines }
}

test('a gauge is a line for each label, and what was not sampled is null', async () => {
  const { metrics, sampler, lines } = world()
  metrics.holdfast_orchestrator_sessions.set({ phase: 'running', runtime: 'docker' }, 2)
  metrics.holdfast_orchestrator_sessions.set({ phase: 'running', runtime: 'process' }, 1)
  await sampler.take(T0 + 14_999)
  metrics.holdfast_orchestrator_sessions.set({ phase: 'failed', runtime: 'docker' }, 4)
  await sampler.take(T0 + 30_000)
  assert.deepEqual(lines('sessions', 1, T0 + 44_000), { failed: [null, 0, null, 4], running: [null, 3, null, 3] })
})

test('a counter is a rate of the minute before, whichever samples of it there are', async () => {
  const { metrics, sampler, lines } = world()
  await sampler.take(T0)
  metrics.holdfast_orchestrator_redis_errors_total.inc({ operation: 'get' }, 3)
  await sampler.take(T0 + 15_000)
  await sampler.take(T0 + 60_000)
  await sampler.take(T0 + 75_000)
  const { 'store and queue': rate } = lines('errors', 2, T0 + 75_000)
  assert.deepEqual(rate?.slice(2), [null, 12, null, null, 3, 0])
})

test('percentiles count what came in since the minute before, and say nothing where nothing came', async () => {
  const { metrics, sampler, lines } = world()
  const create = (seconds: number) =>
    metrics.holdfast_orchestrator_create_seconds.observe({ start: 'cold', outcome: 'running' }, seconds)
  create(0.05)
  await sampler.take(T0)
  for (let i = 0; i < 4; i++) create(0.5)
  await sampler.take(T0 + 15_000)
  await sampler.take(T0 + 90_000)
  const { p50, p99 } = lines('create-latency', 2, T0 + 90_000)
  assert.deepEqual(p50?.slice(1, 4), [null, 0.55, null])
  assert.ok(Math.abs((p99?.[2] ?? 0) - 0.991) < 1e-9)
  assert.equal(p50?.at(-1), null)
  assert.deepEqual(lines('creates', 2, T0 + 15_000), { running: [...Array(7).fill(null), 16] })
})

test('a percentile beyond the last bucket is its end', () => {
  assert.equal(quantile(0.99, { '0.1': 0, '1': 1, '+Inf': 100 }), 1)
  assert.equal(quantile(0.5, { '0.1': 0, '+Inf': 0 }), null)
})

test('a service has no lines of the other one, and both together have all', async () => {
  const { sampler } = world()
  const gateway = createMetrics({ holdfast_gateway_attachments: { kind: 'gauge', help: 'attachments' } })
  const other = new Sampler(gateway.registry)
  await Promise.all([sampler.take(T0), other.take(T0)])
  const times = chartTimes(1, T0)
  const memory = mergeCharts(sampler.charts(times), other.charts(times)).find(({ id }) => id === 'memory')
  assert.deepEqual(
    memory?.series.map(({ name, values }) => [name, (values.at(-1) ?? 0) > 1e6]),
    [
      ['orchestrator', true],
      ['gateway', true],
    ],
  )
})

test('a timer that is early, and a step that ends while a sample is taken, leave no gap', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: T0 - 1 })
  const { metrics, sampler, lines } = world()
  metrics.holdfast_orchestrator_sessions.set({ phase: 'running', runtime: 'docker' }, 1)
  Object.assign(metrics.holdfast_orchestrator_sessions, { collect: () => t.mock.timers.setTime(Date.now() + 1) })
  sampler.start()
  while (Date.now() < T0 + 46_000) {
    t.mock.timers.tick(500)
    await new Promise((done) => setImmediate(done))
  }
  sampler.stop()
  assert.deepEqual(lines('sessions', 1, T0 + 45_000), { running: [1, 1, 1, 1] })
})

test('only the last hour is kept', async () => {
  const { metrics, sampler, lines } = world()
  metrics.holdfast_orchestrator_sessions.set({ phase: 'running', runtime: 'docker' }, 1)
  for (let step = 0; step < 400; step++) await sampler.take(T0 + step * 15_000)
  const known = lines('sessions', 100, T0 + 399 * 15_000).running?.filter((value) => value !== null)
  assert.equal(known?.length, 244, 'an hour, and the minute that its first rate counts from')
})
