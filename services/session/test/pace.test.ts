import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Pace } from '../src/pace.ts'
import { stopClock } from './clock.ts'

/** A pace under a clock of the test's. */
const paced = (t: TestContext) => {
  const { now, pass } = stopClock(t, { timers: true })
  const ranAt: number[] = []
  const pace = new Pace(() => ranAt.push(now()))
  return { pace, ranAt, pass }
}

test('the first one is at once, the next ones together after the rest', (t) => {
  const { pace, ranAt, pass } = paced(t)
  pace.want(10)
  pass(1)
  for (let i = 0; i < 5; i++) pace.want(10)
  assert.deepEqual(ranAt, [1000])
  pass(10)
  assert.deepEqual(ranAt, [1000, 1011])
  pass(100)
  assert.deepEqual(ranAt, [1000, 1011])
  pace.want(10)
  assert.deepEqual(ranAt, [1000, 1011, 1111])
})

test('one that needs no rest runs at once, and for those that wait too', (t) => {
  const { pace, ranAt, pass } = paced(t)
  pace.want(10)
  pass(1)
  pace.want(10)
  pace.want(0)
  assert.deepEqual(ranAt, [1000, 1001])
  pass(100)
  assert.deepEqual(ranAt, [1000, 1001])
})
