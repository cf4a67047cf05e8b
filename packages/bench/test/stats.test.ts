/** Percentiles: what every number of the benchmarks is made of. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median, percentile, rounded } from '../src/stats.ts'

test('a percentile is a value of the sample, by nearest rank, in whatever order it came', () => {
  const sample = [50, 15, 40, 20, 35]
  assert.deepEqual(
    [0, 30, 40, 50, 100].map((p) => percentile(sample, p)),
    [15, 20, 20, 35, 50],
  )
  assert.equal(
    percentile(
      Array.from({ length: 100 }, (_, index) => index + 1),
      99,
    ),
    99,
  )
  assert.deepEqual(sample, [50, 15, 40, 20, 35])
})

test('nothing has no median', () => assert.ok(Number.isNaN(median([]))))

test('numbers are rounded to a thousandth', () => assert.equal(rounded(1.23456), 1.235))
