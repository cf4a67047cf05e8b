import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueryFilter } from '../src/query-filter.ts'

const filter = (...chunks: string[]): string => {
  const queries = new QueryFilter()
  return Buffer.concat(chunks.map((chunk) => queries.push(Buffer.from(chunk, 'latin1')))).toString('latin1')
}

const QUERIES: Record<string, string> = {
  DA1: '\x1b[c',
  'DA1 with 0': '\x1b[0c',
  DA2: '\x1b[>c',
  DA3: '\x1b[=0c',
  DECID: '\x1bZ',
  DSR: '\x1b[5n',
  CPR: '\x1b[6n',
  DECXCPR: '\x1b[?6n',
  'colour scheme': '\x1b[?996n',
  'DECRQM ansi': '\x1b[4$p',
  'DECRQM dec': '\x1b[?2026$p',
  XTVERSION: '\x1b[>q',
  'XTVERSION with 0': '\x1b[>0q',
  'kitty flags': '\x1b[?u',
  XTQMODKEYS: '\x1b[?4m',
  XTSMGRAPHICS: '\x1b[?1;1;0S',
  'pixel size': '\x1b[14t',
  'cell size': '\x1b[16t',
  'text size': '\x1b[18t',
  'screen size': '\x1b[19t',
  title: '\x1b[21t',
  DECREQTPARM: '\x1b[x',
  DECRQPSR: '\x1b[1$w',
  DECRQCRA: '\x1b[1;1;1;1;5;5*y',
  'palette colour': '\x1b]4;1;?\x07',
  'palette colours': '\x1b]4;1;?;2;?\x1b\\',
  foreground: '\x1b]10;?\x1b\\',
  background: '\x1b]11;?\x07',
  'cursor colour': '\x1b]12;?\x07',
  'three colours': '\x1b]10;?;?;?\x07',
  clipboard: '\x1b]52;c;?\x07',
  DECRQSS: '\x1bP$qm\x1b\\',
  XTGETTCAP: '\x1bP+q544e;436f\x1b\\',
  'kitty graphics': '\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\',
  'kitty graphics, no payload': '\x1b_Ga=q\x1b\\',
  ENQ: '\x05',
}

const HARMLESS: Record<string, string> = {
  text: 'hello, wörld\r\n\t\x07',
  'UTF-8 with C1 bytes': Buffer.from('\u009b\u00db€').toString('latin1'),
  sgr: '\x1b[1;38;2;1;2;3m',
  'sgr with colons': '\x1b[4:3m',
  'kitty push': '\x1b[>1u',
  'kitty pop': '\x1b[<u',
  'restore cursor': '\x1b[u',
  modifyOtherKeys: '\x1b[>4;2m',
  'key modifiers off': '\x1b[>4n',
  'cursor style': '\x1b[2 q',
  'Linux cursor': '\x1b[?0c',
  'push title': '\x1b[22;0t',
  'resize window': '\x1b[8;24;80t',
  scroll: '\x1b[3S',
  modes: '\x1b[?2004h\x1b[?1049l',
  'soft reset': '\x1b[!p',
  'conformance level': '\x1b[62;1"p',
  margins: '\x1b[2;5r',
  charset: '\x1b(0\x1b(B\x1b)Z',
  keypad: '\x1b=\x1b>\x1b7\x1b8',
  'window title': '\x1b]0;~/ what? [c\x07',
  'title 1': '\x1b]1;?\x07',
  'set palette': '\x1b]4;1;rgb:00/ff/00\x07',
  'reset palette': '\x1b]104;1\x07',
  'set background': '\x1b]11;#123456\x1b\\',
  link: '\x1b]8;;http://a/?b=c\x1b\\link\x1b]8;;\x1b\\',
  'set clipboard': '\x1b]52;c;aGVsbG8=\x07',
  'clear clipboard': '\x1b]52;c;\x07',
  'working directory': '\x1b]7;file://h/tmp\x1b\\',
  sixel: '\x1bPq#0;2;0;0;0~~@@\x1b\\',
  'tmux passthrough': '\x1bPtmux;x\x1b\\',
  'kitty image': '\x1b_Ga=T,f=100,q=2;AAAA\x1b\\',
  'other APC': '\x1b_hello\x1b\\',
  PM: '\x1b^private\x1b\\',
  aborted: '\x1b[12\x18',
  'aborted string': '\x1b]10;\x1a',
}

for (const [name, query] of Object.entries(QUERIES))
  test(`${name} is taken out`, () => assert.equal(filter(`a${query}b`), 'ab'))

for (const [name, text] of Object.entries(HARMLESS))
  test(`${name} passes untouched`, () => assert.equal(filter(`a${text}b`), `a${text}b`))

test('of a colour sequence only the questions are taken out', () => {
  assert.equal(filter('\x1b]4;1;?;2;red\x07'), '\x1b]4;2;red\x1b\\')
  assert.equal(filter('\x1b]10;red;?;blue\x07'), '\x1b]10;red\x1b\\\x1b]12;blue\x1b\\')
})

test('control characters inside a query are kept: a terminal obeys them at once', () => {
  assert.equal(filter('\x1b[\r\n6n'), '\r\n')
})

test('an escape inside a sequence begins another one', () => {
  assert.equal(filter('\x1b[1\x1b[6nx'), '\x1b[1x')
  assert.equal(filter('\x1b\x1b[6nx'), '\x1bx')
  assert.equal(filter('\x1b]10;\x1b[6nx'), '\x1b]10;x')
  assert.equal(filter('\x1bP$q\x1b[mx'), '\x1b[mx')
})

test('text is never held back, and an unfinished sequence only until it can be judged', () => {
  const queries = new QueryFilter()
  const push = (text: string) => Buffer.from(queries.push(Buffer.from(text, 'latin1'))).toString('latin1')
  assert.equal(push('abc\x1b[3'), 'abc')
  assert.equal(push('1mdef'), '\x1b[31mdef')
  assert.equal(push('\x1b]0;tit'), '\x1b]0;tit')
  assert.equal(push('\x1b'), '')
  assert.equal(push('\\\x1b]52;c;'), '\x1b\\')
  assert.equal(push('aGVs'), '\x1b]52;c;aGVs')
})

test('a sequence longer than any query is let go', () => {
  const long = `\x1b]4;1;${'x'.repeat(5000)}`
  assert.equal(filter(long), long)
  const digits = `\x1b[${'1'.repeat(5000)}m`
  assert.equal(filter(digits), digits)
})

test('bytes without an escape are not even copied', () => {
  const bytes = Buffer.from('plain')
  assert.equal(new QueryFilter().push(bytes).buffer, bytes.buffer)
})

const pick = (items: readonly string[]): string => items[Math.floor(Math.random() * items.length)] ?? ''
const pieces = (text: string): string[] => {
  const chunks: string[] = []
  for (let at = 0; at < text.length; ) {
    const end = at + 1 + Math.floor(Math.random() ** 3 * 30)
    chunks.push(text.slice(at, end))
    at = end
  }
  return chunks
}

test('however a stream is cut, all that is no query comes through, in order', () => {
  const [queries, harmless] = [Object.values(QUERIES), Object.values(HARMLESS)]
  for (let round = 0; round < 1000; round++) {
    const parts = Array.from({ length: 40 }, () =>
      Math.random() < 0.3 ? [pick(queries), ''] : Array(2).fill(pick(harmless)),
    )
    const stream = parts.map(([sent]) => sent).join('')
    assert.equal(filter(...pieces(stream)), parts.map(([, shown]) => shown).join(''), JSON.stringify(stream))
  }
})

test('however random bytes are cut, the result is the same', () => {
  const alphabet = [
    '\x1b',
    '\x1b',
    '[',
    ']',
    'P',
    '_',
    '\\',
    '?',
    ';',
    '$',
    'q',
    'c',
    'n',
    '4',
    '5',
    '2',
    '1',
    'G',
    'a=q',
    '\x07',
    '\x18',
    'x',
    '\n',
  ]
  for (let round = 0; round < 3000; round++) {
    const stream = Array.from({ length: 60 }, () => pick(alphabet)).join('')
    assert.equal(filter(...pieces(stream)), filter(stream), JSON.stringify(stream))
  }
})
