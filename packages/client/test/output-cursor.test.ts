import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ACK_BYTES, ACK_DELAY_MS, type AttachedMessage, type Resume } from '@holdfast/protocol'
import { InputQueue } from '../src/input-queue.ts'
import { OutputCursor } from '../src/output-cursor.ts'

/** 5 TB into a session: no part of the way may count in 32 bits. */
const FAR = 5 * 2 ** 40 + 3

const setup = (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const parsed: (() => void)[] = []
  const acks: number[] = []
  const cursor = new OutputCursor(
    {
      onOutput: (_bytes, done) => parsed.push(done),
      onSnapshot: (_bytes, _size, done) => parsed.push(done),
    },
    (offset) => acks.push(offset),
  )
  const connect = (resume: Resume, offset: number, epoch = 'e1') => {
    const asked = cursor.resumeFrom()
    const attached = { type: 'attached', epoch, offset, resume } as AttachedMessage
    return { asked, accepted: cursor.begin(attached) }
  }
  const skipTo = (offset: number): void => {
    cursor.announce({ type: 'snapshot', offset, cols: 80, rows: 24 })
    cursor.receive(new Uint8Array(9))
  }
  return { cursor, parsed, acks, connect, skipTo, wait: () => t.mock.timers.tick(ACK_DELAY_MS) }
}

test('offsets beyond 32 bits are counted, acknowledged and resumed to the byte', (t) => {
  const { cursor, parsed, acks, connect, skipTo, wait } = setup(t)
  connect('snapshot', FAR)
  skipTo(FAR)
  cursor.receive(new Uint8Array(ACK_BYTES + 1))
  for (const done of parsed) done()
  wait()
  assert.equal(cursor.offset, FAR + ACK_BYTES + 1)
  assert.deepEqual(acks, [FAR, FAR + ACK_BYTES + 1])
  const { asked, accepted } = connect('delta', FAR + ACK_BYTES + 1)
  assert.deepEqual(asked, { epoch: 'e1', offset: FAR + ACK_BYTES + 1 })
  assert(accepted)
})

test('input beyond 32 bits is acknowledged and resent to the byte', () => {
  const queue = new InputQueue()
  queue.push(Buffer.from('abcdef'))
  queue.resume(FAR)
  queue.next()
  queue.acknowledge(FAR + 2)
  queue.resume(FAR + 4)
  assert.equal(Buffer.from(queue.next() ?? []).toString(), 'ef')
})

test('a host that goes on elsewhere than asked is not followed', (t) => {
  const { cursor, connect } = setup(t)
  assert.equal(connect('delta', 0).accepted, false, 'nothing was asked')
  assert.equal(connect('fresh', 1).accepted, false, 'the whole output begins at 0')
  assert.equal(connect('fresh', 0).accepted, true)
  cursor.receive(new Uint8Array(10))
  for (const offset of [9, 11, Number.NaN]) assert.equal(connect('delta', offset).accepted, false, `${offset}`)
  assert.equal(connect('delta', 10, 'e2').accepted, false, 'another stream')
  assert.equal(connect('sideways' as Resume, 10).accepted, false)
  assert.equal(connect('delta', 10).accepted, true)
  cursor.forget()
  assert.equal(connect('delta', 10).accepted, false, 'it was not asked to go on')
})

test('output before the host has said where it goes on has no place', (t) => {
  const { cursor, connect, skipTo } = setup(t)
  assert.equal(cursor.receive(new Uint8Array(1)), false)
  connect('fresh', 0)
  assert.equal(cursor.receive(new Uint8Array(1)), true)
  cursor.resumeFrom()
  assert.equal(cursor.receive(new Uint8Array(1)), false, 'before `attached`')
  connect('snapshot', 50)
  assert.equal(cursor.receive(new Uint8Array(1)), false, 'before the snapshot')
  skipTo(50)
  assert.equal(cursor.receive(new Uint8Array(1)), true)
  assert.equal(cursor.offset, 51)
})

test('cut off before its snapshot came, the next connection asks for where the last one was', (t) => {
  const { cursor, connect, skipTo } = setup(t)
  connect('fresh', 0)
  cursor.receive(new Uint8Array(10))
  connect('snapshot', 99, 'e2')
  cursor.announce({ type: 'snapshot', offset: 99, cols: 80, rows: 24 })
  assert.deepEqual(connect('snapshot', 120, 'e2').asked, { epoch: 'e1', offset: 10 })
  assert.equal(cursor.receive(new Uint8Array(1)), false, 'the announcement of the cut connection is void')
  skipTo(120)
  assert.deepEqual(cursor.resumeFrom(), { epoch: 'e2', offset: 120 })
})

test('what was parsed of an earlier stream is not acknowledged while a snapshot of the next is awaited', (t) => {
  const { cursor, parsed, acks, connect, skipTo, wait } = setup(t)
  connect('fresh', 0)
  cursor.receive(new Uint8Array(ACK_BYTES))
  connect('snapshot', 7, 'e2')
  for (const done of parsed.splice(0)) done()
  wait()
  assert.deepEqual(acks, [])
  skipTo(7)
  wait()
  assert.deepEqual(acks, [], 'nor the snapshot before it is parsed')
  for (const done of parsed) done()
  wait()
  assert.deepEqual(acks, [7])
})
