/** Many viewers are sent output in rounds; who controls waits for none of them. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Wire } from '../src/viewer.ts'
import { stopClock } from './clock.ts'
import { FarStream } from './far-stream.ts'

const VIEWERS = 21
/** 0.5 ms for each viewer but one. */
const ROUND_MS = 10

/** That many viewers, the last of whom controls, under a clock of the test's. */
const audience = (t: TestContext) => {
  const { pass } = stopClock(t, { timers: true })
  const far = new FarStream(0, 1024 * 1024)
  const got: Buffer[][] = []
  for (let i = 0; i < VIEWERS; i++) {
    const pieces: Buffer[] = []
    got.push(pieces)
    const none = () => undefined
    const wire: Wire = {
      sendBytes: (bytes) => void pieces.push(bytes),
      sendMessage: none,
      buffered: 0,
      close: none,
      pause: none,
      resume: none,
    }
    const viewer = { client: `c${i}`, identity: `c${i}`, mode: 'rw' as const, raw: false, expires: 0 }
    far.attachments.attach({ ...viewer, cols: 80, rows: 24 }, wire, { epoch: undefined, offset: undefined })
  }
  const lengths = () => got.map((pieces) => pieces.reduce((sum, { length }) => sum + length, 0))
  return { far, got, lengths, pass }
}

test('after the first piece the controller gets each at once, the others all of them together, in the same object', (t) => {
  const { far, got, lengths, pass } = audience(t)
  far.print(Buffer.from('0123456789'))
  assert.deepEqual(lengths(), Array(VIEWERS).fill(10))
  for (let piece = 2; piece <= 5; piece++) {
    pass(1)
    far.print(Buffer.from('0123456789'))
    assert.deepEqual(lengths(), [...Array(VIEWERS - 1).fill(10), piece * 10])
  }
  pass(ROUND_MS)
  assert.deepEqual(lengths(), Array(VIEWERS).fill(50))
  for (const pieces of got.slice(0, -1)) assert.equal(pieces[1], got[0]?.[1])
})

test('of a flood the controller gets larger pieces, every two milliseconds', (t) => {
  const { far, got, pass } = audience(t)
  for (let ms = 0; ms < 8; ms++) {
    far.print(Buffer.alloc(4096, 'x'))
    pass(1)
  }
  assert.deepEqual(
    got.at(-1)?.map(({ length }) => length),
    [4096, 8192, 8192, 8192],
  )
})
