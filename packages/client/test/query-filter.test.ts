import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { QueryFilter } from '../src/query-filter.ts'
import { HARMLESS, QUERIES } from './terminal-queries.ts'

const filter = (...chunks: string[]): string => {
  const queries = new QueryFilter()
  return Buffer.concat(chunks.map((chunk) => queries.push(Buffer.from(chunk, 'latin1')))).toString('latin1')
}

for (const [name, query] of Object.entries(QUERIES))
  test(`${name} is taken out, wherever it is cut`, () => {
    for (let cut = 0; cut <= query.length; cut++)
      assert.equal(filter(`a${query.slice(0, cut)}`, `${query.slice(cut)}b`), 'ab', `cut at ${cut}`)
    assert.equal(filter('a', ...query, 'b'), 'ab', 'byte by byte')
  })

for (const [name, text] of Object.entries(HARMLESS))
  test(`${name} passes untouched`, () => {
    assert.equal(filter(`a${text}b`), `a${text}b`)
    assert.equal(filter('a', ...text, 'b'), `a${text}b`, 'byte by byte')
  })

test('of a colour sequence only the questions are taken out', () => {
  assert.equal(filter('\x1b]4;1;?;2;red\x07'), '\x1b]4;2;red\x1b\\')
  assert.equal(filter('\x1b]10;red;?;blue\x07'), '\x1b]10;red\x1b\\\x1b]12;blue\x1b\\')
  assert.equal(filter('\x1b]21;foreground=?;background=red\x07'), '\x1b]21;background=red\x1b\\')
})

test('of several modes only the one that reports is taken out', () => {
  assert.equal(filter('\x1b[?1049;2048;25h'), '\x1b[?1049;25h')
  assert.equal(filter('\x1b[?2048l'), '\x1b[?2048l')
})

test('control characters inside a query are kept, but for ENQ: a terminal obeys them at once', () => {
  assert.equal(filter('\x1b[\r\n6n'), '\r\n')
  assert.equal(filter('\x1b\r[6nx'), '\rx')
  assert.equal(filter('\x1b[1\x05mx\x1b\x05[6n'), '\x1b[1mx')
})

test('an escape or a C1 control inside a sequence begins another one', () => {
  assert.equal(filter('\x1b[1\x1b[6nx'), '\x1b[1x')
  assert.equal(filter('\x1b\x1b[6nx'), '\x1bx')
  assert.equal(filter('\x1b]10;\x1b[6nx'), '\x1b]10;x')
  assert.equal(filter('\x1bP$q\x1b[mx'), '\x1b[mx')
  assert.equal(filter('\x1b]0;a\xc2\x9b6nx'), '\x1b]0;ax')
})

test('a question is one also when an escape ends it that begins another sequence: xterm.js answers', () => {
  assert.equal(filter('\x1b]11;?\x1b[1mx'), '\x1b[1mx')
})

test('what stood around a query makes no control character when that is gone', () => {
  for (const query of ['\x05', '\x1b[6n', '\xc2\x9b6n', '\x1bP$qm\x1b\\'])
    for (let cut = 0; cut <= query.length + 2; cut++) {
      const stream = `\xc2${query}\x9b6n`
      assert.equal(filter(stream.slice(0, cut), stream.slice(cut)), '\xc2\0\x9b6n')
    }
})

test('text is never held back, and an unfinished sequence only until it can be judged', () => {
  const queries = new QueryFilter()
  const push = (text: string) => Buffer.from(queries.push(Buffer.from(text, 'latin1'))).toString('latin1')
  assert.equal(push('abc\x1b[3'), 'abc')
  assert.equal(push('1mdef'), '\x1b[31mdef')
  assert.equal(push('\x1b]0;tit'), '\x1b]0;tit')
  assert.equal(push('\x1b'), '')
  assert.equal(push('\\\x1b]52;c;'), '\x1b\\')
  assert.equal(push('aGVs'), '', 'the clipboard is dropped as it comes')
  assert.equal(push('\x07\x1bPq#0'), '\x1bPq#0')
})

test('what is written beside the stream can wait until a string that is shown is over', () => {
  const queries = new QueryFilter()
  const inside = (text: string): boolean => {
    queries.push(Buffer.from(text, 'latin1'))
    return queries.insideString
  }
  assert.deepEqual(['text', '\x1b]0;ti', 'tle', '\x07', '\x1b[1', 'm', '\x1bPq'].map(inside), [
    false,
    true,
    true,
    false,
    false,
    false,
    true,
  ])
})

test('a sequence longer than any is dropped to its end, and so little is held', () => {
  const long = 'x'.repeat(100_000)
  assert.equal(filter(`a\x1b]4;1;${long};2;?\x07b`), 'ab')
  assert.equal(filter(`a\x1b[${'0'.repeat(100_000)}6nb`), 'ab')
  assert.equal(filter(`a\x1bP${'0'.repeat(100_000)}$qm\x1b\\b`), 'ab')
  const title = `\x1b]0;${long}\x07`
  assert.equal(filter(title), title)
})

test('bytes without a control sequence are not even copied', () => {
  const bytes = Buffer.from('plain text, ünïcode ©')
  const shown = new QueryFilter().push(bytes)
  assert.deepEqual([shown.buffer, shown.byteOffset, shown.length], [bytes.buffer, bytes.byteOffset, bytes.length])
})

/** The stream cut at the given places. */
const pieces = (stream: string, cuts: readonly number[]): string[] => {
  const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length]
  return places.slice(1).map((end, i) => stream.slice(places[i], end))
}
const cuts = fc.array(fc.nat(5000), { maxLength: 60 })
const harmless = fc.constantFrom(
  ...Object.entries(HARMLESS).flatMap(([name, text]) => (/^abort|C1 in|all colours/.test(name) ? [] : text)),
)

test('however a stream is cut, all that is no query comes through, in order', () => {
  const query = fc.constantFrom(...Object.values(QUERIES)).map((sent) => [sent, ''] as const)
  const shown = harmless.map((text) => [text, text] as const)
  fc.assert(
    fc.property(fc.array(fc.oneof(query, shown), { maxLength: 40 }), cuts, (parts, places) => {
      const stream = parts.map(([sent]) => sent).join('')
      assert.equal(filter(...pieces(stream, places)), parts.map(([, left]) => left).join(''))
    }),
    { numRuns: 200 },
  )
})

const token = fc.constantFrom(
  ...[
    '\x1b',
    '\x1b',
    '[',
    ']',
    'P',
    '_',
    'X',
    '\\',
    '?',
    ';',
    '$',
    '+',
    'q',
    'c',
    'n',
    'h',
    'm',
    '4',
    '5',
    '2',
    '1',
    '0',
  ],
  ...[
    '2048',
    '1337;',
    'ReportCellSize',
    'G',
    'a=q',
    '\x05',
    '\x07',
    '\x18',
    '\x7f',
    '\n',
    'x',
    '\xc2',
    '\x9b',
    '\x9c',
    '\x9d',
  ],
  ...['\xc2\x90', '\xc3\xa9', '52;'],
)
const noise = fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join(''))

test('however noise is cut, the result is the same', () => {
  fc.assert(
    fc.property(noise, cuts, (stream, places) => assert.equal(filter(...pieces(stream, places)), filter(stream))),
    { numRuns: 1000 },
  )
})

test('what was filtered once holds nothing more to take out', () => {
  fc.assert(
    fc.property(noise, (stream) => {
      const once = filter(`${stream}\x18`)
      assert.equal(filter(once), once)
    }),
    { numRuns: 1000 },
  )
})
