/** Output made to hurt: the screen goes on, in bounded memory and time, and its snapshots stay messages. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MAX_MESSAGE_BYTES } from '@holdfast/protocol'
import { Screen } from '../src/screen.ts'

const CHUNK_BYTES = 64 * 1024
const MAX_GROWTH_BYTES = 64 * 1024 * 1024

const newScreen = (): Screen => {
  const ignore = (): void => {}
  return new Screen(
    { cols: 80, rows: 24, scrollbackLines: 1000 },
    { onReply: ignore, onTitle: ignore, onBell: ignore, onParsed: ignore },
  )
}

/** `piece` again and again, as much as `bytes`. */
const flood = async (screen: Screen, before: string, piece: string, bytes: number): Promise<void> => {
  screen.write(Buffer.from(before))
  const chunk = Buffer.from(piece.repeat(Math.ceil(CHUNK_BYTES / Buffer.byteLength(piece))))
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    screen.write(chunk)
    await screen.render('text', 0)
  }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
/** What this process cannot give back: how much else there is depends on how busy the machine is. */
const heap = (): number => {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const MIB = 1024 * 1024
const FLOODS: [string, string, string, number][] = [
  ['an OSC of 100 MB', '\x1b]52;c;', 'QUJD', 100 * MIB],
  ['a title of 20 MB', '\x1b]2;', 'title', 20 * MIB],
  ['a sixel image of 40 MB', '\x1bPq', '#1;2;0;0;0~~@@vv$-', 40 * MIB],
  ['an APC of 20 MB', '\x1b_G', 'AAAA', 20 * MIB],
  ['DCS inside DCS', '', '\x1bPq\x1bP$q', 4 * MIB],
  ['parameters without end', '\x1b[', '9999999999;', 20 * MIB],
  ['intermediates without end', '\x1b', ' ', 4 * MIB],
  ['combining marks on one cell', 'a', '\u0301', 8 * MIB],
  ['combining marks on every cell', '', `a${'\u0301'.repeat(500)}`, 8 * MIB],
  ['links without end', '', '\x1b[H\x1b]8;;http://example.org/a/rather/long/address\x1b\\x', 8 * MIB],
  ['titles pushed without end', '', `\x1b]2;${'t'.repeat(1000)}\x07\x1b[22;0t`, 8 * MIB],
  ['keyboard flags pushed without end', '', '\x1b[>1u', 2 * MIB],
  ['lead bytes of characters', '', '\u00c2', 1 * MIB],
]
for (const [what, before, piece, bytes] of FLOODS) {
  test(`${what} does not make the screen grow`, async () => {
    const screen = newScreen()
    await flood(screen, before, piece, MIB)
    const start = heap()
    await flood(screen, '', piece, bytes)
    assert.ok(heap() - start < MAX_GROWTH_BYTES, `grew by ${(heap() - start) / MIB} MiB`)
    assert.ok((await screen.snapshot(MAX_MESSAGE_BYTES)).bytes.length <= MAX_MESSAGE_BYTES)
    screen.write(Buffer.from('\x18\x1b\\\x1bc\x1b[Hstill here'))
    await screen.render('text', 0)
    assert.match(screen.visibleText(), /^still here/)
  })
}

test('counts beyond any screen end at once', async () => {
  const screen = newScreen()
  for (const final of '@ABCDEFGHIJKLMPSTXZ`abdef') screen.write(Buffer.from(`x\x1b[2147483647${final}`))
  screen.write(Buffer.from('\x1bc\x1b[Hstill here'))
  await screen.render('text', 0)
  assert.match(screen.visibleText(), /^still here/)
})

test('erasing up to the last cell of a screen without lines above does not throw', async () => {
  const screen = newScreen()
  screen.write(Buffer.from('a\r\nb\x1b[24;80H\x1b[1Jc\x1b[Hstill here'))
  await screen.render('text', 0)
  assert.match(screen.visibleText(), /^still here\n\n/)
})

test('a sequence without an end is done with as it comes: a snapshot needs nothing of it', async () => {
  const screen = newScreen()
  await flood(screen, 'text\x1b]52;c;', 'QUJD', 4 * MIB)
  const received = 'text\x1b]52;c;'.length + 4 * MIB
  assert.ok(screen.snapshotOffset > received - 2 * CHUNK_BYTES, `${received - screen.snapshotOffset} bytes behind`)
})
