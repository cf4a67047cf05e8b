/** The marks that the session leader puts into the output: found wherever they are cut, and no part of the stream. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parseMark } from '../src/ending-mark.ts'
import { fifoStream } from './fifo.ts'
import { eventually } from './harness.ts'

/** A turn of the event loop between the pieces, so that the thread meets them one by one most of the time. */
const feed = async (t: TestContext, pieces: Buffer[], until: number) => {
  let output = ''
  const { stream, marks, write } = fifoStream(t, {
    onOutput: (from) => {
      output += from.take().bytes.toString('latin1')
    },
  })
  for (const piece of pieces) {
    if (piece.length > 0) write(piece)
    await new Promise((turn) => setImmediate(turn))
  }
  await eventually('the end', () => marks.length === until)
  return { output, marks, stream }
}

test('a mark is found wherever it is cut in two, and no byte before it is lost', async (t) => {
  const before = 'text \x1b[31m\x1b]7777;other;e1\x07 end'
  const bytes = Buffer.from(`${before}\x1b]7777;n0nce;s11ct\x07`)
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { output, marks } = await feed(t, [bytes.subarray(0, cut), bytes.subarray(cut)], 1)
    assert.equal(output, before)
    assert.deepEqual(marks, [{ offset: before.length, text: 's11ct' }])
  }
})

test('what is written between the end of the command and the end of the stream is output', async (t) => {
  const bytes = Buffer.from('early\x1b]7777;n0nce;e3\x07late\x1b]7777;n0nce;t\x07never')
  for (let cut = 0; cut <= bytes.length; cut += 3) {
    const { output, marks, stream } = await feed(t, [bytes.subarray(0, cut), bytes.subarray(cut)], 2)
    assert.equal(output, 'earlylate')
    assert.deepEqual(marks, [
      { offset: 5, text: 'e3' },
      { offset: 9, text: 't' },
    ])
    assert.equal(stream.end, 9)
  }
})

test('a mark is found byte by byte', async (t) => {
  const bytes = Buffer.from('\x1b\x1b]77\x1b]7777;n0nce;e200t\x07')
  const { output, marks } = await feed(
    t,
    [...bytes].map((byte) => Buffer.from([byte])),
    1,
  )
  assert.equal(output, '\x1b\x1b]77')
  assert.deepEqual(marks, [{ offset: 5, text: 'e200t' }])
})

test('what only looks like a mark is output', async (t) => {
  const long = `\x1b]7777;n0nce;${'x'.repeat(100)}\x07`
  const { output } = await feed(t, [Buffer.from(long), Buffer.from('\x1b]7777;n0nce;t\x07')], 1)
  assert.equal(output, long)
})

test('what looked like a mark is given back when the stream ends without it', async (t) => {
  let output = ''
  const { stream, write } = fifoStream(t, {
    onOutput: (from) => {
      output += from.take().bytes.toString('latin1')
    },
  })
  write(Buffer.from('abc\x1b]77'))
  await eventually('the output', () => output === 'abc')
  stream.drain()
  assert.equal(output, 'abc\x1b]77')
})

const TEXTS: [string, ReturnType<typeof parseMark>][] = [
  ['e0', { ending: { kind: 'exit', number: 0, coreDumped: false }, closed: false }],
  ['e200t', { ending: { kind: 'exit', number: 200, coreDumped: false }, closed: true }],
  ['s11c', { ending: { kind: 'signal', number: 11, coreDumped: true }, closed: false }],
  ['x2t', { ending: { kind: 'not-started', number: 2, coreDumped: false }, closed: true }],
  ['t', { ending: null, closed: true }],
]
for (const [text, wanted] of TEXTS) {
  test(`the mark "${text}" says how things stand`, () => assert.deepEqual(parseMark(text), wanted))
}
