/** What shells and programs say by OSC sequences, however it is cut, spelled or repeated. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Command, MAX_CLIPBOARD_BYTES, MAX_COMMANDS } from '@holdfast/protocol'
import fc from 'fast-check'
import { LatestMessages } from '../src/latest-messages.ts'
import { clipboardWrite } from '../src/shell/clipboard.ts'
import { directoryOf } from '../src/shell/directory.ts'
import { markOf } from '../src/shell/marks.ts'
import { Notifications } from '../src/shell/notifications.ts'
import { type Osc, OscScanner } from '../src/shell/osc-scanner.ts'
import { Shell } from '../src/shell/shell.ts'

const scan = (chunks: Buffer[], maxBytes = 1000): Osc[] => {
  const found: Osc[] = []
  const scanner = new OscScanner(maxBytes, (osc) => found.push(osc))
  let offset = 0
  for (const chunk of chunks) {
    offset += chunk.length
    scanner.push(chunk, offset)
  }
  return found
}

test('sequences are found with their offsets, by every way to end them', () => {
  const stream = Buffer.from(
    'ab\x1b]0;tä\x07c\x1b]7;x\x1b\\d\x1b]1;cut\x1b]2;next\x07\x1b]3;no\x18\x1b]4;no\x1ae\x1b[m\x1b]5;\x1b\x1b]6;\x07',
  )
  const found = scan([stream])
  assert.deepEqual(
    found.map(({ text }) => text),
    ['0;tä', '7;x', '1;cut', '2;next', '5;', '6;'],
  )
  const whole = found.map(({ start, end }) => stream.subarray(start, end).toString())
  assert.deepEqual(whole, [
    '\x1b]0;tä\x07',
    '\x1b]7;x\x1b\\',
    '\x1b]1;cut',
    '\x1b]2;next\x07',
    '\x1b]5;',
    '\x1b]6;\x07',
  ])
})

test('a stream cut anywhere says the same', () => {
  const piece = fc.constantFrom(
    '\x1b',
    ']',
    '\\',
    '\x07',
    '\x18',
    'x',
    '133;C',
    '\x1b]',
    '\x1b\\',
    'ä',
    '\n',
    '\x1b]7;a\x07',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.nat(120), { maxLength: 12 }), (pieces, cuts) => {
      const stream = Buffer.from(pieces.join(''))
      const at = [0, ...cuts.filter((cut) => cut < stream.length).sort((a, b) => a - b), stream.length]
      const chunks = at.slice(1).map((end, i) => stream.subarray(at[i], end))
      assert.deepEqual(scan(chunks), scan([stream]))
    }),
    { numRuns: 2000 },
  )
})

test('of a sequence without end only the beginning is kept', () => {
  const chunks = [Buffer.from('\x1b]13'), Buffer.from('37;'), ...Array(50).fill(Buffer.alloc(1_000_000, 'x'))]
  const found = scan([...chunks, Buffer.from('\x07')], 10)
  assert.deepEqual(found, [{ start: 0, end: 8 + 50_000_000, text: '1337;xxxxx', cut: true }])
})

test('offsets are right behind text that was left out', () => {
  const found: Osc[] = []
  const scanner = new OscScanner(10, (osc) => found.push(osc))
  scanner.push(Buffer.from('text'), 4)
  scanner.push(Buffer.from('end of a flood\x1b]2;t\x07'), 1_000_000)
  assert.deepEqual(found, [{ start: 999_994, end: 1_000_000, text: '2;t', cut: false }])
})

const lines: [string, '133' | '633', string, string | null][] = [
  ['kitty, plain', '133', 'C;cmdline=ls\\ -l', 'ls -l'],
  ['kitty, quoted by bash', '133', "C;cmdline=$'echo \"a\\nb\\'c\\303\\244\"'", 'echo "a\nb\'cä"'],
  ['kitty, quoted by zsh', '133', "C;cmdline=echo\\ a$'\\n'b\\;c", 'echo a\nb;c'],
  ['fish', '133', 'C;cmdline_url=echo%20a%3Bb%20%C3%A4', 'echo a;b ä'],
  ['a url that is none', '133', 'C;cmdline_url=%ZZ', null],
  ['nothing said', '133', 'C', null],
]
for (const [what, dialect, data, command] of lines) {
  test(`the command line is read: ${what}`, () => {
    assert.deepEqual(markOf(dialect, data), { kind: 'start', command })
  })
}

test('marks of both dialects are told apart from what is none', () => {
  assert.deepEqual(markOf('633', 'E;echo a\\x3bb\\\\c\\x0ad;nonce'), { kind: 'line', command: 'echo a;b\\c\nd' })
  assert.deepEqual(markOf('133', 'D;3;aid=7'), { kind: 'end', exitCode: 3 })
  assert.deepEqual(markOf('133', 'D'), { kind: 'end', exitCode: null })
  assert.deepEqual(markOf('133', 'D;x'), { kind: 'end', exitCode: null })
  assert.deepEqual(markOf('133', 'A;cl=m'), { kind: 'prompt', whole: false })
  assert.deepEqual(markOf('133', 'B'), { kind: 'prompt', whole: true })
  for (const none of ['A;k=s', 'P;k=r', 'L', '', 'E;echo']) assert.equal(markOf('133', none), null, none)
})

test('the directory is known from whoever names it', () => {
  assert.equal(directoryOf('7', 'file://host/a%20b/%C3%A4'), '/a b/ä')
  assert.equal(directoryOf('7', 'file:///100%'), '/100%', 'prompts that do not encode')
  assert.equal(directoryOf('633', 'P;Cwd=/a\\x3bb'), '/a;b')
  assert.equal(directoryOf('1337', 'CurrentDir=/x'), '/x')
  for (const [code, data] of [
    ['7', 'http://host/x'],
    ['7', `file:///${'x'.repeat(5000)}`],
    ['633', 'P;IsWindows=False'],
    ['1337', 'CurrentDir=relative'],
    ['1337', 'File=name:AAAA'],
  ] as const) {
    assert.equal(directoryOf(code, data), null)
  }
})

test('clipboard: writes are taken up to their limit, questions and nonsense are not', () => {
  const of = (bytes: number) => Buffer.alloc(bytes, 'x').toString('base64')
  assert.deepEqual(clipboardWrite('c;aGk=', false), { selection: 'c', data: 'aGk=' })
  assert.deepEqual(clipboardWrite(';aGk', false), { selection: 'c', data: 'aGk' })
  assert.deepEqual(clipboardWrite('p;aGk=', false), { selection: 'p', data: 'aGk=' })
  assert.deepEqual(clipboardWrite('pc;', false), { selection: 'c', data: '' })
  assert.notEqual(clipboardWrite(`c;${of(MAX_CLIPBOARD_BYTES)}`, false), 'large')
  assert.equal(clipboardWrite(`c;${of(MAX_CLIPBOARD_BYTES + 1)}`, false), 'large')
  for (const none of ['c;?', 'c', 'c;a', 'c;%%%%', 'x;aGk=', 'c;aG k='])
    assert.equal(clipboardWrite(none, false), null, none)
})

test('notifications: three ways to say them, without control characters', () => {
  const notes = new Notifications()
  assert.deepEqual(notes.parse('9', 'done\x1b[31m\n now'), { text: 'done [31m  now' })
  assert.deepEqual(notes.parse('777', 'notify;Build;ok; really'), { title: 'Build', text: 'ok; really' })
  assert.deepEqual(notes.parse('99', ';hello'), { text: 'hello' })
  assert.equal(notes.parse('99', 'i=1:d=0:p=title;Bui'), null)
  assert.equal(notes.parse('99', 'i=2:d=0;other'), null)
  assert.equal(notes.parse('99', 'i=1:d=0:p=title;ld'), null)
  assert.deepEqual(notes.parse('99', 'i=1:d=1:p=body:e=1;b2s='), { title: 'Build', text: 'ok' })
  for (const [code, data] of [
    ['9', '4;1;50'],
    ['9', '9;/tmp'],
    ['9', ''],
    ['777', 'precmd'],
    ['99', 'p=close;x'],
    ['99', 'i=1:p=?;'],
  ] as const) {
    assert.equal(notes.parse(code, data), null, `${code};${data}`)
  }
})

test('notifications: a few at once, then one a second', () => {
  let now = 0
  const notes = new Notifications(() => now)
  const burst = () => Array.from({ length: 100 }, () => notes.allowed()).filter(Boolean).length
  assert.equal(burst(), 5)
  now += 2_500
  assert.equal(burst(), 2)
  now += 3_600_000
  assert.equal(burst(), 5)
})

/** A shell that was fed with the stream, and what it told. */
const heard = (stream: string) => {
  const told: Command[] = []
  const shell = new Shell('/start', {
    onCwd: () => {},
    onCommand: (command) => told.push(command),
    onNotice: () => {},
    onClipboard: () => {},
  })
  let offset = 0
  const output = (more: string) => {
    offset += Buffer.byteLength(more)
    shell.output(Buffer.from(more), offset)
  }
  output(stream)
  const text = ({ start, end }: Command) => (end === null ? null : stream.slice(start, end))
  return { output, told, text, log: shell.log }
}
const [A, B, C] = ['\x1b]133;A\x07', '\x1b]133;B\x07', '\x1b]133;C\x07']

test('a command is its output between the marks, told when it begins and when it ends', () => {
  const { told, text, log } = heard(
    `${A}$ ${B}ls\n\x1b]7;file:///w\x07\x1b]133;C;cmdline=ls\x1b\\one\ntwo\n\x1b]133;D;3\x07${A}$ ${B}`,
  )
  assert.equal(told.length, 2)
  const [started, ended] = told as [Command, Command]
  assert.deepEqual(
    { ...started, start: 0, startedAt: '' },
    {
      id: 1,
      state: 'started',
      command: 'ls',
      cwd: '/w',
      exitCode: null,
      start: 0,
      end: null,
      startedAt: '',
      endedAt: null,
    },
  )
  assert.equal(started.start, ended.start)
  assert.deepEqual([ended.id, ended.state, ended.exitCode, text(ended)], [1, 'ended', 3, 'one\ntwo\n'])
  assert.deepEqual(log.commands, [ended])
  assert.ok(log.atPrompt)
})

test('what is nested, broken off or said twice leaves no command open and none invented', () => {
  const broken = heard(`${C}a${C}b${A}c\x1b]133;D;1\x07`)
  assert.deepEqual(
    broken.told.map(({ id, state, exitCode }) => [id, state, exitCode]),
    [
      [1, 'started', null],
      [1, 'ended', null],
      [2, 'started', null],
      [2, 'ended', null],
    ],
  )
  assert.deepEqual(broken.log.commands.map(broken.text), ['a', 'b'])
  const both = heard('\x1b]633;E;make\x07\x1b]633;C\x07x\x1b]633;D;2\x07\x1b]133;D;2\x07')
  assert.deepEqual(
    both.log.commands.map(({ command, exitCode }) => [command, exitCode]),
    [['make', 2]],
  )
  const twice = heard(`\x1b]633;E;make\x07\x1b]633;C\x07x\x1b]633;D;2\x07`)
  assert.equal(twice.log.count, 1)
})

test('the prompt is left by a line that is typed and by a command that starts', () => {
  const { output, log } = heard('no marks')
  assert.deepEqual([log.marked, log.atPrompt], [false, false])
  output(A)
  assert.deepEqual([log.marked, log.atPrompt], [true, true])
  log.lineEntered()
  assert.equal(log.atPrompt, false)
  output(`${C}x${A}${B}`)
  assert.equal(log.atPrompt, true)
  output(C)
  assert.equal(log.atPrompt, false)
})

test('the prompt of a shell that marks its end is reached there', () => {
  const { output, log } = heard(`${A}$ ${B}`)
  log.lineEntered()
  output(`${C}x${A}$ `)
  assert.equal(log.atPrompt, false)
  output(B)
  assert.equal(log.atPrompt, true)
})

test('older commands are forgotten, and of a flood of them only the last few are told', () => {
  const { told, log } = heard(`${C}\x1b]133;D;0\x07`.repeat(1000))
  assert.equal(log.count, 1000)
  assert.equal(log.commands.length, MAX_COMMANDS)
  assert.deepEqual([log.commands[0]?.id, log.commands.at(-1)?.id], [1001 - MAX_COMMANDS, 1000])
  const waiting = new LatestMessages()
  for (const command of told) waiting.put({ type: 'command', ...command })
  waiting.put({ type: 'title', title: 'a' })
  waiting.put({ type: 'title', title: 'b' })
  const news = waiting.take()
  assert.equal(news.length, 65)
  assert.deepEqual(news.at(-1), { type: 'title', title: 'b' })
  assert.deepEqual(waiting.take(), [])
})
