import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ACK_BYTES, ACK_DELAY_MS } from '@holdfast/protocol'
import { Acks } from '../src/acks.ts'

const setup = (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const sent: number[] = []
  return { sent, acks: new Acks((offset) => sent.push(offset)), wait: (ms: number) => t.mock.timers.tick(ms) }
}

test('a few bytes are acknowledged after a delay, together', (t) => {
  const { acks, sent, wait } = setup(t)
  acks.deliver(10)()
  acks.deliver(20)()
  wait(ACK_DELAY_MS - 1)
  assert.deepEqual(sent, [])
  wait(1)
  assert.deepEqual(sent, [20])
  wait(ACK_DELAY_MS)
  assert.deepEqual(sent, [20])
})

test('many bytes are acknowledged at once', (t) => {
  const { acks, sent, wait } = setup(t)
  acks.deliver(ACK_BYTES - 1)()
  assert.deepEqual(sent, [])
  acks.deliver(ACK_BYTES)()
  assert.deepEqual(sent, [ACK_BYTES])
  wait(ACK_DELAY_MS)
  assert.deepEqual(sent, [ACK_BYTES])
})

test('bytes count only when all before them are parsed; a second call says nothing new', (t) => {
  const { acks, sent, wait } = setup(t)
  const first = acks.deliver(10)
  acks.deliver(20)()
  wait(ACK_DELAY_MS)
  assert.deepEqual(sent, [])
  first()
  first()
  wait(ACK_DELAY_MS)
  assert.deepEqual(sent, [20])
})

test('calls of an earlier stream do not count in the next', (t) => {
  const { acks, sent, wait } = setup(t)
  const old = acks.deliver(1000)
  acks.restart()
  const young = acks.deliver(5)
  old()
  wait(ACK_DELAY_MS)
  assert.deepEqual(sent, [])
  young()
  wait(ACK_DELAY_MS)
  assert.deepEqual(sent, [5])
})

test('late calls after a reconnect count on, but never below where the connection began', (t) => {
  const { acks, sent, wait } = setup(t)
  const [first, second] = [acks.deliver(10), acks.deliver(20)]
  acks.stop()
  acks.resume(20)
  first()
  second()
  wait(ACK_DELAY_MS)
  assert.deepEqual(sent, [])
  acks.deliver(25)()
  wait(ACK_DELAY_MS)
  assert.deepEqual(sent, [25])
})

test('nothing is sent while there is no connection', (t) => {
  const { acks, sent, wait } = setup(t)
  acks.deliver(10)()
  acks.stop()
  wait(ACK_DELAY_MS)
  assert.deepEqual(sent, [])
})
