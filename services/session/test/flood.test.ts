/** A flood of lines is parsed only as far as it can be seen, and leads to the very same state. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { random } from '../fidelity/cuts.ts'
import { differences } from '../fidelity/difference.ts'
import { randomProgram } from '../fidelity/generator.ts'
import { Viewer } from '../fidelity/viewer.ts'
import { fifoStream } from './fifo.ts'

const SCROLLBACK = 20
const WORDS = ['plain', 'ünïcode', '漢字', 'e\u0301', '👨‍👩‍👧', '\t', '\b', ' ', 'x'.repeat(50)]
const STYLES = ['\x1b[1;31m', '\x1b[m', '\x1b[48;2;1;2;3m', '\x1b[4:3m', '\x1b[7m']

/** Some hundred lines, few of them styled. */
const randomFlood = (seed: number): Buffer => {
  const next = random(seed)
  const pick = (choices: readonly string[]): string => choices[Math.floor(next() * choices.length)] as string
  const line = (): string => {
    const words = Array.from({ length: Math.floor(next() * 6) }, () => pick(WORDS))
    return `${next() < 0.2 ? pick(STYLES) : ''}${words.join('')}${next() < 0.9 ? '\r\n' : '\n'}`
  }
  return Buffer.from(Array.from({ length: 200 + Math.floor(next() * 100) }, line).join('') + pick(WORDS))
}

/** A terminal in whatever state a random program, cut off by CAN, has left it; the same for the same seed. */
const someTerminal = (seed: number): Viewer => {
  const program = randomProgram(seed)
  const viewer = new Viewer(program.size, SCROLLBACK)
  viewer.play(program, 0, program.bytes.length)
  viewer.write(Buffer.from('\x18\x1b\\'))
  return viewer
}

/** What of some output waits for a screen that forgets a line after so many line feeds. */
const seenBy = (t: TestContext): ((bytes: Buffer, lines: number) => Buffer) => {
  const { stream } = fifoStream(t, { limits: { pendingBytes: 1 } })
  return (bytes, lines) => {
    stream.forgetting(lines)
    stream.print(bytes)
    return stream.take().bytes
  }
}

const linesOf = ({ core: { buffers, rows } }: Viewer): number => rows - 1 + buffers.normal.lines.maxLength
const hasMargins = ({ core: { buffers, rows } }: Viewer): boolean =>
  buffers.active.scrollTop !== 0 || buffers.active.scrollBottom !== rows - 1

test('what can be seen of a flood leads any terminal to the state of the whole', (t) => {
  const seenOf = seenBy(t)
  let shortened = 0
  for (let seed = 1; seed <= 400; seed++) {
    const [whole, brief] = [someTerminal(seed), someTerminal(seed)]
    if (hasMargins(whole)) continue
    const flood = randomFlood(seed)
    const seen = seenOf(flood, linesOf(brief))
    if (seen.length < flood.length) shortened++
    for (const viewer of [whole, brief]) viewer.write(viewer === whole ? flood : seen)
    assert.deepEqual([...differences(whole, brief, false)], [], `seed ${seed}`)
  }
  assert.ok(shortened > 100, `only ${shortened} floods were shortened`)
})

test('a flood with anything but text and styles in it is left whole', (t) => {
  const seenOf = seenBy(t)
  const lines = 'line\r\n'.repeat(200)
  for (const other of ['\x07', '\x1b[2J', '\x1b]0;title\x07', '\x0e', '\x7f', '\x1b[6n', '\u009b2J', '\x1b[>4m']) {
    const flood = Buffer.from(`${lines}${other}${lines}`)
    assert.deepEqual(seenOf(flood, 30), flood, JSON.stringify(other))
  }
})

test('wherever the one byte stands that makes a flood more than text, it is seen', (t) => {
  const seenOf = seenBy(t)
  const lines = Buffer.from('line of text\r\n'.repeat(100))
  for (let at = 0; at < 64; at++) {
    for (const byte of [0x00, 0x07, 0x1f, 0x7f, 0xc2]) {
      const flood = Buffer.from(lines)
      const text = seenOf(flood, 30)
      assert.ok(text.length < flood.length / 2, 'text alone is shortened')
      flood[at] = byte
      assert.ok(seenOf(flood, 30).equals(flood), `byte ${byte} at ${at}`)
    }
  }
})

test('few lines are left whole', (t) => {
  const seenOf = seenBy(t)
  const bytes = Buffer.from('line\r\n'.repeat(30))
  assert.deepEqual(seenOf(bytes, 30), bytes)
  assert.ok(seenOf(bytes, 10).length < bytes.length)
})

test('while nobody can tell how soon lines are forgotten, a flood is left whole', (t) => {
  const { stream } = fifoStream(t, { limits: { pendingBytes: 1 } })
  const flood = Buffer.from('line\r\n'.repeat(200))
  stream.forgetting(30)
  stream.take()
  stream.print(flood)
  assert.deepEqual(stream.take().bytes, flood)
})
