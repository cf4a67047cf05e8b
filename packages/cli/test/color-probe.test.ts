import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ColorProbe } from '../src/color-probe.ts'

const FOREGROUND = '\x1b]10;rgb:ffff/8080/0000\x1b\\'
const BACKGROUND = '\x1b]11;rgb:00/11/22\x07'
const CURSOR = '\x1b]12;#abcdef\x1b\\'
const FENCE = '\x1b[?62;22c'

const setup = (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const seen = { typed: '', colors: [] as unknown[] }
  const probe = new ColorProbe(
    (keys) => {
      seen.typed += keys.toString('latin1')
    },
    (colors) => seen.colors.push(colors),
  )
  const push = (text: string): void => probe.push(Buffer.from(text, 'latin1'))
  return { probe, push, seen, wait: (ms: number) => t.mock.timers.tick(ms) }
}

test('the answers become colours, and nothing of them is typed', (t) => {
  const { push, seen } = setup(t)
  push(FOREGROUND + BACKGROUND + CURSOR + FENCE)
  assert.deepEqual(seen, {
    typed: '',
    colors: [{ foreground: '#ff8000', background: '#001122', cursor: '#abcdef' }],
  })
})

test('a terminal that knows no colours announces none', (t) => {
  const { push, seen } = setup(t)
  push(`${FENCE}ls\r`)
  assert.deepEqual(seen, { typed: 'ls\r', colors: [] })
})

test('keys between, before and after the answers are typed in order, wherever all is cut', (t) => {
  const { wait } = setup(t)
  const keys = ['ls\r\x1b[A', '\x1bOP\x1b]x', '\x1b[1;2R\x1bx', '\x1b[200~\xc3\xa9\x1b[201~', '\x1b\x1b[?u\x1b']
  const answers = [FOREGROUND, BACKGROUND, CURSOR, FENCE, '']
  const stream = keys.map((some, i) => some + answers[i]).join('')
  const check = (chunks: Iterable<string>, how: string): void => {
    const seen = { typed: '', colors: 0 }
    const type = (bytes: Buffer): void => {
      seen.typed += bytes.toString('latin1')
    }
    const probe = new ColorProbe(type, () => seen.colors++)
    for (const chunk of chunks) probe.push(Buffer.from(chunk, 'latin1'))
    wait(50)
    assert.deepEqual(seen, { typed: keys.join(''), colors: 1 }, how)
  }
  check(stream, 'byte by byte')
  for (let cut = 0; cut <= stream.length; cut++) check([stream.slice(0, cut), stream.slice(cut)], `cut at ${cut}`)
})

test('Escape, Alt-] and Alt-[ are keys when nothing follows', (t) => {
  const { push, seen, wait } = setup(t)
  for (const key of ['\x1b', '\x1b]', '\x1b[']) {
    push(key)
    wait(50)
  }
  assert.equal(seen.typed, '\x1b\x1b]\x1b[')
})

test('after five seconds without the last answer nothing is looked at any more, and nothing is lost', (t) => {
  const { push, seen, wait } = setup(t)
  push(`${FOREGROUND}\x1b]11;rgb:`)
  wait(5000)
  push(FENCE)
  assert.deepEqual(seen, { typed: `\x1b]11;rgb:${FENCE}`, colors: [{ foreground: '#ff8000' }] })
})

test('draining waits for the answer, but not for long', async (t) => {
  const { probe, push, wait, seen } = setup(t)
  const drained = probe.drain()
  push(FOREGROUND)
  wait(200)
  await drained
  assert.equal(seen.colors.length, 1)
})
