/** Metrics: a row of the table is a metric of its kind, in a registry of its own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from '../src/index.ts'

const METRICS = {
  holdfast_test_refused_total: { kind: 'counter', help: 'refusals', labels: ['code'] },
  holdfast_test_open: { kind: 'gauge', help: 'open things' },
  holdfast_test_seconds: { kind: 'histogram', help: 'durations', buckets: [0.5, 1] },
  holdfast_test_default_seconds: { kind: 'histogram', help: 'durations, default buckets' },
} as const

test('each row counts under its own name, with its help, kind, labels and buckets', async () => {
  const metrics = createMetrics(METRICS)
  metrics.holdfast_test_refused_total.inc({ code: 'STALE' }, 2)
  metrics.holdfast_test_open.set(3)
  metrics.holdfast_test_seconds.observe(0.7)
  metrics.holdfast_test_default_seconds.observe(0.7)
  const text = await metrics.registry.metrics()
  for (const line of [
    '# HELP holdfast_test_refused_total refusals',
    '# TYPE holdfast_test_refused_total counter',
    'holdfast_test_refused_total{code="STALE"} 2',
    '# TYPE holdfast_test_open gauge',
    'holdfast_test_open 3',
    'holdfast_test_seconds_bucket{le="0.5"} 0',
    'holdfast_test_seconds_bucket{le="1"} 1',
    'holdfast_test_default_seconds_bucket{le="2.5"} 1',
  ]) {
    assert.ok(text.split('\n').includes(line), line)
  }
})

test('Node’s own metrics are there, and two registries do not meet', async () => {
  const [first, second] = [createMetrics(METRICS), createMetrics(METRICS)]
  first.holdfast_test_open.set(7)
  assert.match(await first.registry.metrics(), /^process_cpu_seconds_total /m)
  assert.match(await second.registry.metrics(), /^holdfast_test_open 0$/m)
})

test('a label that is not in the table is refused', () => {
  const metrics = createMetrics(METRICS)
  assert.throws(() => metrics.holdfast_test_refused_total.inc({ session: 'local-00000000' }))
})
