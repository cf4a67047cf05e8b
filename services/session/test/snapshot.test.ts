/** A snapshot, and the stream behind it, make a terminal that cannot be told from one that saw everything. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_MESSAGE_BYTES } from '@holdfast/protocol'
import headless, { type Terminal } from '@xterm/headless'
import { Comparison } from '../fidelity/comparison.ts'
import { Program, type Resize, type Size } from '../fidelity/program.ts'
import { Screen } from '../src/screen.ts'
import { coreOf } from '../src/snapshot/internals.ts'

const SIZE = { cols: 12, rows: 5 }
const SCROLLBACK_LINES = 8
const lines = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}\r\n`).join('')

/** What is kept, each with output behind it that shows whether it was. */
const KEPT: [string, string][] = [
  ['colours and flags', '\x1b[1;3;5;7;8;9;38;5;123;48;2;1;2;3mall\x1b[22mless\x1b[91mmore\x1b[53mover\x1b[m.'],
  ['underline style and colour', '\x1b[4:3;58:2::9:8:7mcurly\x1b[4:2;58;5;3mdouble\x1b[24moff\x1b[4mon'],
  ['combining characters and clusters', 'e\u0301a\u0308\u0323 👨\u200d👩\u200d👧 漢\u3099'],
  ['wide characters at the margin', 'abcdefghijk漢def\x1b[31m漢漢漢漢漢漢漢'],
  ['wide characters without room', '\x1b[?7l\x1b[31m漢漢漢漢漢漢漢\x1b[2;4H\x1b[32m漢漢漢漢漢漢\r\nx'],
  ['wide characters half printed over', '漢漢漢\x1b[1;2Hx\x1b[1;5H\x1b[31my\x1b[1;12H漢'],
  ['a wrap that is still to come', 'abcdefghijkl\x1b[31mm\x1b[2;12Hn\x1b[4mo'],
  ['wrapped lines whose successor was erased', 'abcdefghijklmnopq\x1b[2;1H\x1b[K\x1b[1;1H\x1b[Kx'],
  ['wrapped lines whose beginning fell out', `${'w'.repeat(12 * 14)}end`],
  ['what scrolled away', `${lines(9)}\x1b[44mblue\r\nrest\r\n${'long '.repeat(9)}`],
  ['erased cells with a background', '\x1b[44m\x1b[2J\x1b[41m\x1b[2;3H\x1b[5X\x1b[m\x1b[3;1H\x1b[2K'],
  [
    'links, also one that is open',
    '\x1b]8;;http://a\x1b\\here\x1b]8;id=1;http://b;c\x1b\\there\x1b]8;;\x1b\\.\x1b]8;;http://d\x1b\\open',
  ],
  ['character sets', '\x1b)0\x0elqk\x0f\x1b*A\x1bn##\x1b+4\x1bo@@\x1b(0lqk\x1b(Bx'],
  ['tab stops', '\x1b[3g\x1b[1;3H\x1bH\x1b[1;9H\x1bH\r\ta\tb\tc'],
  ['margins and origin', '\x1b[2;4r\x1b[?6h\x1b[2;3Hx\n\n\n\ny\x1b[?6lz'],
  ['insert, wrap and line feed modes', 'abc\x1b[4h\x1b[1;1Hx\x1b[?7l\x1b[1;12Hyz\x1b[20h\nq\x1b[4l\x1b[?7h\x1b[20l'],
  ['reverse wrap and keypad', '\x1b[?45h\x1b=\x1b[?1habcdefghijklm\b\b\bx\x1b>\x1b[?1l'],
  ['mouse tracking and its encoding', '\x1b[?1002h\x1b[?1006h\x1b[?1003h\x1b[?1016h\x1b[?1016l\x1b[?1003l'],
  ['paste, focus, cursor', '\x1b[?2004h\x1b[?1004h\x1b[5 q\x1b[?25l\x1b[?12h\x1b[?12l\x1b[?25h\x1b[0 q'],
  ['the saved cursor of the screen', 'abc\x1b[31;4m\x1b(0\x1b7\x1b[m\x1b(B\r\n\nq\x1b8q'],
  ['a saved cursor in lines above', `${lines(3)}\x1b[32m\x1b7${lines(5)}\x1b8x`],
  [
    'saved cursors of both screens',
    '\x1b[2;2H\x1b7\x1b[?47h\x1b[4;4H\x1b[1m\x1b7\x1b[?47l\x1b[5;5Hx\x1b8y\x1b[?47h\x1b8z',
  ],
  ['both screens', `${lines(7)}\x1b[?1049h\x1b[1;1Hother\x1b[3;3r\x1b[?1049lback\x1b[?1047hagain\x1b[?1047l`],
  ['titles and their stack', '\x1b]0;one\x07\x1b[22;0t\x1b]2;two\x07\x1b[22;2t\x1b]1;icon\x07\x1b[23;2t\x1b[23;0t'],
  [
    'colours set by the program',
    '\x1b]4;1;#102030;2;rgb:1/2/3\x07\x1b]10;#abc\x07\x1b]11;#def\x07\x1b]104;1\x07\x1b]110\x07\x1b]4;1;?\x07\x1b]11;?\x07',
  ],
  [
    'keyboard flags of both screens',
    '\x1b[>5u\x1b[=3;2u\x1b[?u\x1b[?1049h\x1b[>1u\x1b[?u\x1b[<u\x1b[?1049l\x1b[<u\x1b[?u\x1b[>4;2m\x1b[?4m',
  ],
  ['protected cells', 'ab\x1b[1"qcd\x1b[0"qef\x1b[1;1H\x1b[?2K'],
  ['the character that is repeated', 'ab\x1b[3bc漢\x1b[2b\u0301'],
  ['the alignment pattern', '\x1b[4;31m\x1b#8\x1b[24m\x1b[2;2Hx'],
  ['flags that a restored cursor brought back', '\x1b[4m\x1b7\x1b[24m\x1b8xy\x1b[4:3mz\x1b8w'],
  [
    'flags that a cursor brought back before the screens were changed',
    '\x1b[4;31m\x1b7\x1b[24m\x1b8\x1b[?47hxy\x1b[1mz',
  ],
  [
    'such flags where they were printed with, and a cursor is saved on the other screen',
    '\x1b[?47h\x1b[32m\x1b7\x1b[?47l\x1b[4;31m\x1b7\x1b[24m\x1b8a\x1b[?47hxy',
  ],
  ['a wrap that is still to come on the other, coloured screen', '\x1b[4;44mabcdefghijkl\x1b[?1049hm'],
  [
    'a wrap that is still to come with flags that a cursor brought back',
    '\x1b[4m\x1b8abcdefghijkl\x1b]8;;http://a\x07m',
  ],
  ['a wide character without room behind one of another pen', '\x1b[?7l\x1b[1;10H漢\x1b[31m漢'],
  ['synchronized output, which is not armed again', '\x1b[?2026habc\x1b[?2026ldef'],
  ['controls of 8 bits', 'a\u009b31mb\u0085c\u009d2;t\u009cd\u0090q\u009ce'],
]

const divergences = async (program: Program): Promise<string[]> => {
  const comparison = new Comparison(program, SCROLLBACK_LINES)
  const found: string[] = []
  for (let cut = 0; cut <= program.bytes.length; cut++) {
    for (const line of (await comparison.cut(cut)).divergences) found.push(`cut ${cut}: ${line}`)
  }
  return found
}

for (const [what, output] of KEPT) {
  test(`keeps ${what}, wherever it is cut`, async () => {
    assert.deepEqual(await divergences(new Program(what, SIZE, Buffer.from(output))), [])
  })
}

/** What xterm.js makes of them at a resize, no output makes: it is put right in every terminal. Each is resized where `|` stands, there and back. */
const RESIZED: [string, string, Size][] = [
  ['wide characters at the new margin', '漢漢漢漢|漢x', { cols: 5, rows: 5 }],
  ['wide characters wrapped at the new margin', 'x\r\n漢漢漢漢漢漢漢漢\r\n漢漢漢|end', { cols: 5, rows: 4 }],
  ['what an alternate screen had behind the margin', '\x1b[?47habcdefghijkl|\x1b[31mm', { cols: 7, rows: 5 }],
  ['tab stops behind the margin', '\x1b[3g\x1b[5G\x1bH\x1b[11G\x1bH|\r\tx', { cols: 8, rows: 5 }],
  ['a saved cursor behind the margin', '\x1b[?47h\x1b[5;9H\x1b7\x1b[H|\x1b8x', { cols: 6, rows: 3 }],
  ['lines above an alternate screen', 'a|\x1b[?47h\x1b[2;2H\x1b7\n\n\n\n\x1b8x', { cols: 12, rows: 3 }],
  ['a combining character behind it', 'abc漢|\u0301d', { cols: 4, rows: 5 }],
  [
    'a link wrapped by it',
    `\x1b]8;;http://a\x07abcdefghijkl\x1b]8;;\x07\r\n|${'\n'.repeat(11)}x`,
    { cols: 5, rows: 5 },
  ],
]
for (const [what, output, size] of RESIZED) {
  test(`keeps ${what} when the terminal is resized, wherever it is cut`, async () => {
    const [before = '', after = ''] = output.split('|')
    const offset = Buffer.byteLength(before)
    const bytes = Buffer.from(before + after)
    assert.deepEqual(await divergences(new Program(what, SIZE, bytes, [{ offset, ...size }])), [])
    const back = [
      { offset, ...size },
      { offset: bytes.length, ...SIZE },
    ]
    assert.deepEqual(await divergences(new Program(what, SIZE, bytes, back)), [])
  })
}

test('data before a resize is parsed at the old size, data behind it at the new one', async () => {
  const text = 'abcdefghijklmnopqrst\r\nend'
  const resizes: Resize[] = [
    { offset: 14, cols: 7, rows: 4 },
    { offset: 20, cols: 9, rows: 6 },
  ]
  assert.deepEqual(await divergences(new Program('resized', SIZE, Buffer.from(text), resizes)), [])
  const screen = newScreen()
  screen.write(Buffer.from('abcdefghijklmn\r\n'))
  screen.resize(20, 5)
  screen.write(Buffer.from('o'))
  await screen.render('text', 0)
  assert.match(screen.visibleText(), /^abcdefghijklmn\no\n/) // wrapped at 12, and joined again by the resize
})

const ignore = (): void => {}
const newScreen = (scrollbackLines = SCROLLBACK_LINES, size = SIZE): Screen =>
  new Screen({ ...size, scrollbackLines }, { onReply: ignore, onTitle: ignore, onBell: ignore, onParsed: ignore })

const show = (bytes: Buffer, size = SIZE): Promise<Terminal> =>
  new Promise((resolve) => {
    const terminal = new headless.Terminal({ ...size, scrollback: 100_000, allowProposedApi: true })
    terminal.write(bytes, () => resolve(terminal))
  })

test('a snapshot that would be too long leaves out the oldest lines, and only as many as it has to', async () => {
  const screen = newScreen(5000)
  for (let i = 0; i < 5000; i++) screen.write(Buffer.from(`\x1b[3${i % 8}mnumber ${i}\r\n`))
  const { bytes } = await screen.snapshot(20_000)
  assert.ok(bytes.length <= 20_000 && bytes.length > 19_000, `${bytes.length} bytes`)
  const { buffer } = await show(bytes)
  const last = buffer.active.getLine(buffer.active.baseY + 3)?.translateToString(true)
  assert.equal(last, 'number 4999')
  assert.match(buffer.active.getLine(0)?.translateToString(true) ?? '', /^number 3\d\d\d$/)
})

test('a screen with more attributes than a message holds is still one message', async () => {
  const size = { cols: 300, rows: 150 }
  const screen = newScreen(0, size)
  const cell = (i: number): string => `\x1b[38;2;${i % 256};1;2;48;2;3;${(i * 7) % 256};4mx`
  for (let i = 0; i < 300 * 150; i++) screen.write(Buffer.from(cell(i)))
  assert.ok((await screen.snapshot(MAX_MESSAGE_BYTES)).bytes.length <= MAX_MESSAGE_BYTES)
})

test('no character of a long snapshot is torn where xterm.js cuts what it parses', async () => {
  const screen = newScreen(9000, { cols: 40, rows: 5 })
  const text = '“—…”'.repeat(10)
  for (let i = 0; i < 4000; i++) screen.write(Buffer.from(`${'x'.repeat(i % 3)}${text.slice(0, 30)}\r\n`))
  const { bytes } = await screen.snapshot(MAX_MESSAGE_BYTES)
  assert.ok(bytes.length > 2 * 131_072)
  const { buffer } = await show(bytes, { cols: 40, rows: 5 })
  for (let i = 0; i < 4000; i++) {
    assert.equal(buffer.active.getLine(i)?.translateToString(true), `${'x'.repeat(i % 3)}${text.slice(0, 30)}`)
  }
})

for (const [what, opener, end] of [
  ['OSC', '\x1b]1337;', '\x07'],
  ['DCS', '\x1bPq', '\x1b\\'],
  ['APC', '\x1b_G', '\x1b\\'],
  ['OSC of 8 bits', '\u009d52;c;', '\u009c'],
] as const) {
  test(`a snapshot inside a ${what} too long to be held goes on behind it`, async () => {
    const screen = newScreen()
    const body = 'QUJD'.repeat(50_000)
    const [before, after] = [Buffer.from(`before${opener}${body}`), Buffer.from(`${body}${end}after`)]
    screen.write(before)
    const { offset, bytes } = await screen.snapshot(MAX_MESSAGE_BYTES)
    assert.equal(offset, before.length)
    const { buffer } = await show(Buffer.concat([bytes, after]))
    assert.equal(buffer.active.getLine(0)?.translateToString(true), 'beforeafter')
    screen.write(after)
    await screen.render('text', 0)
    assert.match(screen.visibleText(), /^beforeafter\n/)
  })
}

test('a snapshot behind the beginning of a sequence has the offset of that beginning', async () => {
  const screen = newScreen()
  screen.write(Buffer.from('text\x1b[3'))
  assert.equal((await screen.snapshot(MAX_MESSAGE_BYTES)).offset, 4)
})

test('a version of xterm.js that keeps its state elsewhere is refused, naming what is missing', () => {
  const terminal = { _core: { cols: 1, rows: 1 } } as unknown as Terminal
  assert.throws(() => coreOf(terminal), /lacks .*buffers\.normal\.lines\.get, .*_inputHandler\._curAttrData/)
})
