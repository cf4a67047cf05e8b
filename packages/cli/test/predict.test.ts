/** Whatever programs do with what is typed: with guesses shown in between, a terminal ends exactly as without them. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { seeded } from '@holdfast/client/fault-proxy'
import type { LiveAttachment } from '@holdfast/session-manager'
import headless from '@xterm/headless'
import { LiveEcho, loadModel } from '../src/predict/live-echo.ts'

const SIZE = { cols: 24, rows: 6 }
const COOKED = { echo: true, canonical: true }
const RAW = { echo: false, canonical: false }
const PASSWORD = { echo: false, canonical: true }
const newModel = await loadModel()

type Term = InstanceType<typeof headless.Terminal>
interface Inside {
  writeSync(bytes: Uint8Array | string): void
  _inputHandler: { _curAttrData: { fg: number; bg: number }; _parser: { precedingJoinState: number } }
  buffers: { normal: Saved; alt: Saved }
}
interface Saved {
  savedX: number
  savedY: number
}
const inside = (terminal: Term): Inside => (terminal as unknown as { _core: Inside })._core

/** All that a terminal knows: cells with their attributes, cursors, pen, and what the next character would join. */
const stateOf = (terminal: Term) => {
  const { _inputHandler, buffers } = inside(terminal)
  const lines = (['normal', 'alternate'] as const).map((name) => {
    const buffer = terminal.buffer[name]
    return Array.from({ length: buffer.length }, (_, y) =>
      Array.from({ length: terminal.cols }, (_, x) => {
        const cell = buffer.getLine(y)?.getCell(x) as unknown as { content: number; fg: number; bg: number } & {
          getChars(): string
        }
        return `${cell.getChars()} ${cell.content >>> 22} ${cell.content === 0} ${cell.fg >>> 0} ${cell.bg >>> 0}`
      }),
    )
  })
  const { cursorX, cursorY, baseY, type } = terminal.buffer.active
  const { fg, bg } = _inputHandler._curAttrData
  const saved = [buffers.normal, buffers.alt].map(({ savedX, savedY }) => [savedX, savedY])
  const join = _inputHandler._parser.precedingJoinState
  return { lines, cursor: [cursorX, cursorY, baseY, type], pen: [fg, bg], saved, join, modes: { ...terminal.modes } }
}

/** A session whose host is `far` away, with two terminals: one that shows guesses, one that only gets the output. */
class Far {
  readonly guessing: Term
  readonly plain: Term
  readonly echo: LiveEcho
  /** Every state in which something of ours was shown. */
  shown: string[] = []
  unacknowledged = 0

  constructor(t: TestContext, rttMs = 200) {
    t.mock.timers.reset()
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const make = () => new headless.Terminal({ ...SIZE, scrollback: 100, allowProposedApi: true, logLevel: 'off' })
    this.guessing = make()
    this.plain = make()
    const far = this
    const attachment = {
      get unacknowledged() {
        return far.unacknowledged
      },
      ping: () => Promise.resolve(rttMs),
      forget: () => {},
      reconnect: () => {},
    } as unknown as LiveAttachment
    this.echo = new LiveEcho('auto', newModel, attachment, (text) => this.#show(text))
    this.echo.reset(SIZE)
    this.echo.attached()
  }

  /** The first round trip has been measured. */
  async ready(modes = RAW): Promise<this> {
    await new Promise((turn) => setImmediate(turn))
    this.echo.modes(modes)
    return this
  }

  type(text: string): void {
    this.unacknowledged += Buffer.byteLength(text)
    this.echo.typed(Buffer.from(text))
  }

  /** Output comes; nothing but the guesses at the cursor may tell the two terminals apart. */
  print(bytes: Uint8Array | string): void {
    const raw = Buffer.from(bytes)
    inside(this.plain).writeSync(raw)
    this.#show(this.echo.output(raw))
  }

  /** The host has taken all that was typed but the last bytes, and programs had their time to echo it. */
  take(t: TestContext, leaving = 0): void {
    this.unacknowledged = leaving
    this.echo.acknowledged()
    t.mock.timers.tick(1000)
  }

  same(why = ''): void {
    assert.deepEqual(stateOf(this.guessing), stateOf(this.plain), why)
  }

  /** What stands at the cursor of the one and not of the other. */
  get ahead(): string {
    const { baseY, cursorX, cursorY } = this.guessing.buffer.active
    return this.guessing.buffer.active.getLine(baseY + cursorY)?.translateToString(true, cursorX) ?? ''
  }

  #show(bytes: Uint8Array | string): void {
    inside(this.guessing).writeSync(bytes)
    if (this.ahead !== '') this.shown.push(this.ahead)
  }
}

test('a key is shown at once behind one whose echo has come in the same line, until its own comes', async (t) => {
  const far = await new Far(t).ready()
  far.print('$ ')
  far.type('l')
  assert.equal(far.ahead, '', 'nobody knows yet whether it is echoed')
  far.print('l')
  far.type('s')
  assert.equal(far.ahead, 's')
  far.type(' x')
  assert.equal(far.ahead, 's x')
  far.print('s')
  assert.equal(far.ahead, ' x')
  far.print(' x')
  assert.equal(far.ahead, '')
  far.same()
})

test('guesses made before it is known whether the program echoes are shown as soon as it is', async (t) => {
  const far = await new Far(t).ready()
  far.type('abc')
  assert.equal(far.ahead, '')
  far.print('a')
  assert.equal(far.ahead, 'bc')
})

test('after Enter, an arrow key or Backspace nothing is shown until an echo has come again', async (t) => {
  for (const key of ['\r', '\x1b[A', '\x7f', '\t', '\x03']) {
    const far = await new Far(t).ready()
    far.type('a')
    far.print('a')
    for (const typed of ['b', key, 'c']) far.type(typed)
    assert.equal(far.ahead, 'b', JSON.stringify(key))
    far.print('b')
    far.type('d')
    assert.equal(far.ahead, '')
    far.take(t)
    far.type('e')
    assert.equal(far.ahead, '')
    far.print('e')
    far.type('f')
    assert.equal(far.ahead, 'f')
  }
})

test('keys typed on after Enter, before it was heard of, are guessed where the next line begins', async (t) => {
  const far = await new Far(t).ready()
  far.type('a')
  far.print('a')
  far.type('\r')
  far.type('b')
  far.print('\r\n$ ')
  far.take(t, 1) // Enter, and not what follows it
  far.type('cd')
  assert.equal(far.ahead, '')
  far.print('b')
  assert.equal(far.ahead, 'cd')
  far.print('cd')
  far.same()
})

test('what a program shows otherwise, later or not at all is put right', async (t) => {
  const far = await new Far(t).ready()
  far.print('a')
  far.type('b')
  far.print('b')
  far.type('cd')
  assert.equal(far.ahead, 'cd')
  far.print('*')
  assert.equal(far.ahead, '')
  far.same('other characters')
  far.take(t)
  far.type('e')
  far.print('e')
  far.type('f')
  assert.equal(far.ahead, 'f')
  far.take(t)
  assert.equal(far.ahead, '', 'the program had it, and echoed nothing')
  far.same('no echo')
})

test('a password is never shown: not with ECHO off, not before that is known, not on the line of an echo', async (t) => {
  const far = await new Far(t).ready()
  far.print('$ ')
  far.type('s')
  far.print('s')
  far.type('u')
  far.type('\r')
  far.print('u\r\nPassword: ') // the news of the modes is late
  far.take(t)
  for (const key of 'hunter2') far.type(key)
  far.echo.modes(PASSWORD)
  for (const key of 'hunter2') far.type(key)
  far.take(t)
  for (const key of 'hunter2') far.type(key)
  far.type('\r')
  assert.deepEqual([...new Set(far.shown)], ['u'])
  far.same()
  far.echo.modes(COOKED)
  far.take(t)
  far.print('\r\nyes? ')
  far.type('y')
  far.print('y Password: ')
  far.type('hunter2')
  assert.deepEqual([...new Set(far.shown)], ['u'])
})

test('where the host is near, modes are not known, or the line is full, nothing is shown', async (t) => {
  const near = await new Far(t, 15).ready()
  const unknown = new Far(t)
  for (const far of [near, unknown]) {
    far.type('a')
    far.print('a')
    far.type('b')
    assert.deepEqual(far.shown, [])
  }
  const full = await new Far(t).ready()
  full.print('x'.repeat(SIZE.cols - 4))
  full.type('a')
  full.print('a')
  for (const key of 'bcd') full.type(key)
  assert.equal(full.ahead, 'b')
  full.print('bcd')
  full.same()
})

test('ECHO that is switched off in the midst of a line ends it at once', async (t) => {
  const far = await new Far(t).ready(COOKED)
  far.type('a')
  far.print('a')
  far.type('b')
  assert.equal(far.ahead, 'b')
  far.echo.modes(PASSWORD)
  assert.equal(far.ahead, '')
  far.type('c')
  far.print('b')
  far.type('d')
  assert.deepEqual([...new Set(far.shown)], ['b'])
  far.same()
})

/** Before an echo, and behind it. */
const NO_PLACE: [string, string, string?][] = [
  ['the alternate screen', '\x1b[?1049h'],
  ['a hidden cursor', '\x1b[?25l'],
  ['insert mode', '\x1b[4h'],
  ['origin mode', '\x1b[?6h'],
  ['synchronised output', '\x1b[?2026h'],
  ['line-drawing characters', '\x1b(0'],
  ['an underlined pen', '\x1b[4m'],
  ['a link', '\x1b]8;;http://x\x1b\\'],
  ['a protected pen', '\x1b[1"q'],
  ['text behind the cursor', 'xyz\b\b\b'],
  ['coloured cells behind the cursor', '\x1b[41m\x1b[K\x1b[m'],
  ['a torn sequence', '', '\x1b[3'],
  ['a torn character', '', '\xc3'],
]
for (const [what, before, behind = ''] of NO_PLACE) {
  test(`nothing is shown with ${what}`, async (t) => {
    const far = await new Far(t).ready()
    far.print(before)
    far.type('A')
    far.print(Buffer.from(`A${behind}`, 'latin1'))
    far.type('B')
    far.type('C')
    assert.deepEqual(
      far.shown.filter((text) => text.includes('C')),
      [],
    )
    far.same()
  })
}

const PIECES = [
  ...['\r\n', '\r', '\n', '\b', '\t', ' ', 'text', '>', 'é', 'e\u0301', '\u0301', '漢', '😀', '\x1b[3b', '\x1b[b'],
  ...[
    '\x1b[31m',
    '\x1b[1;44m',
    '\x1b[0m',
    '\x1b[4m',
    '\x1b[4:3m',
    '\x1b[58;5;9m',
    '\x1b[38;2;1;2;3m',
    '\x1b[7;9m',
    '\x1b[97m',
  ],
  ...[
    '\x1b7',
    '\x1b8',
    '\x1b[H',
    '\x1b[3;5H',
    '\x1b[A',
    '\x1b[C',
    '\x1b[K',
    '\x1b[J',
    '\x1b[2J',
    '\x1b[2X',
    '\x1b[P',
    '\x1b[@',
  ],
  ...[
    '\x1b[?1049h',
    '\x1b[?1049l',
    '\x1b[?25l',
    '\x1b[?25h',
    '\x1b[4h',
    '\x1b[4l',
    '\x1b[?7l',
    '\x1b[?7h',
    '\x1b[?6h',
    '\x1b[?6l',
  ],
  ...[
    '\x1b[2;4r',
    '\x1b[r',
    '\x1b[L',
    '\x1b[M',
    '\x1b(0',
    '\x1b(B',
    '\x0e',
    '\x0f',
    '\x1b[1"q',
    '\x1b[0"q',
    '\x1b[?2026h',
    '\x1b[?2026l',
  ],
  ...[
    '\x1b]2;title\x07',
    '\x1b]8;;http://x\x1b\\',
    '\x1b]8;;\x1b\\',
    '\x1bD',
    '\x1bM',
    '\x1bc',
    '\x1b[!p',
    '\x1b[?2004h',
  ],
]
const KEYS = [...'abc xyz~', 'é', 'ß', '漢', '\r', '\x7f', '\x1b[D', '\x03', 'pasted text', '\t']

/** One random program and person: keys are echoed in the ways there are, output comes late and in torn pieces. */
const random = async (t: TestContext, seed: number): Promise<string[]> => {
  const pick = seeded(seed)
  const of = <T>(list: readonly T[]): T => list[pick(list.length)] as T
  const far = await new Far(t).ready(of([COOKED, RAW, { echo: true, canonical: false }]))
  let onTheWay = Buffer.alloc(0)
  const program = (key: string): string => {
    const way = pick(10)
    if (key === '\r') return '\r\n'
    if (way === 0) return of(PIECES)
    if (way === 1) return '*'
    if (way === 2) return ''
    return way === 3 ? `\x1b[36m${key}\x1b[0m` : way === 4 ? `\x1b[?25l\r${key}\x1b[?25h` : key
  }
  for (let step = 0; step < 60; step++) {
    const what = pick(12)
    if (what < 5) {
      const key = of(KEYS)
      far.type(key)
      onTheWay = Buffer.concat([onTheWay, Buffer.from(program(key))])
    } else if (what < 9) {
      const part = pick(4) === 0 ? pick(onTheWay.length + 1) : onTheWay.length
      if (part > 0) far.print(onTheWay.subarray(0, part))
      onTheWay = onTheWay.subarray(part)
    } else if (what === 9) onTheWay = Buffer.concat([onTheWay, Buffer.from(of(PIECES))])
    else if (what === 10) far.take(t, Math.min(pick(4), far.unacknowledged))
    else far.echo.modes(of([COOKED, RAW, RAW, PASSWORD]))
    if (far.ahead === '') continue
    // Beside what stands at the cursor nothing may differ.
    const [one, other] = [stateOf(far.guessing), stateOf(far.plain)]
    assert.deepEqual({ ...one, lines: null }, { ...other, lines: null }, `seed ${seed}, step ${step}`)
  }
  far.print(onTheWay)
  far.take(t)
  far.same(`seed ${seed}`)
  return far.shown
}

test('random programs, delays and tears: cell for cell the same as without guesses', async (t) => {
  let shown = 0
  for (let seed = 1; seed <= 400; seed++) shown += (await random(t, seed)).length
  assert.ok(shown > 200, `only ${shown} guesses were shown, so nothing was tried`)
})
