import assert from 'node:assert/strict'
import { test } from 'node:test'
import { INPUT_MESSAGE_BYTES, InputQueue, MAX_QUEUED_BYTES } from '../src/input-queue.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const drain = (queue: InputQueue): string[] => {
  const messages: string[] = []
  for (let message = queue.next(); message !== null; message = queue.next())
    messages.push(Buffer.from(message).toString())
  return messages
}

test('each byte is handed out once a connection, and again from where the host is after the next one', () => {
  const queue = new InputQueue()
  queue.push(bytes('abc'))
  queue.resume(0)
  assert.deepEqual(drain(queue), ['abc'])
  queue.push(bytes('def'))
  assert.deepEqual(drain(queue), ['def'])
  queue.acknowledge(2)
  assert.equal(queue.size, 4)
  queue.resume(4)
  assert.deepEqual(drain(queue), ['ef'])
})

test('acknowledgements are cumulative; an older or a too high one does no harm', () => {
  const queue = new InputQueue()
  queue.resume(100)
  queue.push(bytes('abcdef'))
  drain(queue)
  queue.acknowledge(104)
  queue.acknowledge(101)
  assert.equal(queue.size, 2)
  queue.acknowledge(10_000)
  assert.equal(queue.size, 0)
  queue.push(bytes('g'))
  assert.deepEqual(drain(queue), ['g'])
  queue.acknowledge(107)
  assert.equal(queue.size, 0)
})

test('what was never sent is never taken for accepted, whatever the host says', () => {
  const queue = new InputQueue()
  queue.resume(0)
  queue.push(bytes('sent'))
  drain(queue)
  queue.push(bytes('waits'))
  queue.acknowledge(9)
  assert.deepEqual(drain(queue), ['waits'])
  queue.push(bytes('more'))
  queue.resume(1000)
  assert.deepEqual(drain(queue), ['more'], 'also when it claims more at the next connect')
  queue.acknowledge(1004)
  assert.equal(queue.size, 0)
})

test('a host that knows nothing of this client gets all that was never accepted', () => {
  const queue = new InputQueue()
  queue.resume(0)
  queue.push(bytes('oldnew'))
  drain(queue)
  queue.acknowledge(3)
  queue.resume(0)
  assert.deepEqual(drain(queue), ['new'])
  queue.acknowledge(3)
  assert.equal(queue.size, 0)
})

test('a large paste is cut into messages, in order', () => {
  const queue = new InputQueue()
  queue.resume(0)
  const paste = Buffer.alloc(INPUT_MESSAGE_BYTES * 2 + 5, 'xyz')
  queue.push(paste)
  const messages = drain(queue)
  assert.deepEqual(
    messages.map((message) => message.length),
    [INPUT_MESSAGE_BYTES, INPUT_MESSAGE_BYTES, 5],
  )
  assert.equal(messages.join(''), paste.toString())
})

test('beyond the bound nothing is taken, and it says so', () => {
  const queue = new InputQueue()
  queue.push(new Uint8Array(MAX_QUEUED_BYTES))
  assert.throws(() => queue.push(bytes('x')), { code: 'TOO_LARGE' })
  assert.equal(queue.size, MAX_QUEUED_BYTES)
  queue.clear()
  assert.equal(queue.size, 0)
  queue.push(bytes('x'))
  assert.equal(queue.size, 1)
})

test('random pushes, acknowledgements and reconnects keep every byte once', () => {
  for (let round = 0; round < 50; round++) {
    const queue = new InputQueue()
    const typed: string[] = []
    let accepted = ''
    queue.resume(0)
    for (let step = 0; step < 300; step++) {
      const dice = Math.random()
      const text = step.toString(36).repeat(1 + Math.floor(Math.random() * 20))
      if (dice < 0.5) {
        typed.push(text)
        queue.push(bytes(text))
      } else if (dice < 0.8) accepted += queue.next() === null ? '' : typed.join('').slice(accepted.length)
      else if (dice < 0.9) queue.acknowledge(Math.floor(Math.random() * (accepted.length + 1)))
      else {
        queue.resume(accepted.length)
        assert.equal(queue.size, typed.join('').length - accepted.length)
      }
    }
    queue.resume(accepted.length)
    accepted += drain(queue).join('')
    assert.equal(accepted, typed.join(''))
  }
})
