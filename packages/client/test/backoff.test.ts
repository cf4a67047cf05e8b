import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backoff } from '../src/backoff.ts'

test('the longest wait grows by half from 100 ms to 10 s, and a reset starts over', () => {
  const backoff = new Backoff(() => 1)
  const waits = Array.from({ length: 14 }, () => backoff.next())
  assert.deepEqual(waits.slice(0, 6), [100, 150, 225, 337, 506, 759])
  assert.deepEqual(waits.slice(-2), [10_000, 10_000])
  assert.equal(backoff.attempt, 14)
  backoff.reset()
  assert.equal(backoff.next(), 100)
})

test('the jitter is full: the wait may be nothing at all', () => {
  const backoff = new Backoff(() => 0)
  assert.deepEqual([backoff.next(), backoff.next()], [0, 0])
})

test('it never gives up, however long it goes on', () => {
  const backoff = new Backoff(() => 0.5)
  const waits = Array.from({ length: 2000 }, () => backoff.next())
  assert.equal(waits.at(-1), 5000)
})
