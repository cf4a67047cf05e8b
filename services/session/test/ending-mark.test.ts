import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EndingMark } from '../src/ending-mark.ts'

const feed = (mark: EndingMark, chunks: Buffer[]) => {
  let output = ''
  let closed = false
  let ending = null
  for (const chunk of chunks) {
    for (let left = chunk; left.length > 0; ) {
      const found = mark.push(left)
      output += found.output.toString('latin1')
      ending ??= found.mark?.ending ?? null
      closed ||= found.mark?.closed ?? false
      left = found.rest
    }
  }
  return { output, ending, closed }
}

test('the mark is found wherever it is cut in two, and no byte before it is lost', () => {
  const stream = Buffer.from('text \x1b[31m\x1b]7777;other;e1\x07 end\x1b]7777;n0nce;s11c\x07')
  for (let cut = 0; cut <= stream.length; cut++) {
    const { output, ending } = feed(new EndingMark('n0nce'), [stream.subarray(0, cut), stream.subarray(cut)])
    assert.equal(output, 'text \x1b[31m\x1b]7777;other;e1\x07 end')
    assert.deepEqual(ending, { kind: 'signal', number: 11, coreDumped: true })
  }
})

test('what is written between the end of the command and the end of the stream is output', () => {
  const stream = Buffer.from('early\x1b]7777;n0nce;e3\x07late\x1b]7777;n0nce;t\x07')
  for (let cut = 0; cut <= stream.length; cut++) {
    const { output, ending, closed } = feed(new EndingMark('n0nce'), [stream.subarray(0, cut), stream.subarray(cut)])
    assert.equal(output, 'earlylate')
    assert.deepEqual(ending, { kind: 'exit', number: 3, coreDumped: false })
    assert.equal(closed, true)
  }
})

test('the mark is found byte by byte', () => {
  const stream = Buffer.from('\x1b\x1b]77\x1b]7777;n0nce;e200t\x07')
  const { output, ending, closed } = feed(
    new EndingMark('n0nce'),
    [...stream].map((byte) => Buffer.from([byte])),
  )
  assert.equal(output, '\x1b\x1b]77')
  assert.deepEqual(ending, { kind: 'exit', number: 200, coreDumped: false })
  assert.equal(closed, true)
})

test('what looked like a mark is given back when the stream ends without it', () => {
  const mark = new EndingMark('n0nce')
  const { output } = mark.push(Buffer.from('abc\x1b]77'))
  assert.equal(output.toString() + mark.flush().toString(), 'abc\x1b]77')
  assert.equal(mark.flush().length, 0)
})
