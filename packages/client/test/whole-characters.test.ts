/** No character is torn, and no byte is lost or held for long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import headless from '@xterm/headless'
import fc from 'fast-check'
import { WholeCharacters } from '../src/whole-characters.ts'

const cutAt = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end))
}
const cuts = fc.array(fc.nat(), { maxLength: 6 })

test('text cut anywhere comes in whole characters', () => {
  const property = fc.property(fc.string({ unit: 'grapheme' }), cuts, (text, places) => {
    const whole = new WholeCharacters()
    const shown = cutAt(Buffer.from(text), places).map((piece) => Buffer.from(whole.push(piece)))
    for (const piece of shown) assert.ok(!piece.toString().includes('\ufffd'))
    assert.equal(Buffer.concat(shown).toString(), text)
  })
  fc.assert(property)
})

test('of any bytes at most three wait, and none is changed', () => {
  const property = fc.property(fc.uint8Array(), cuts, (bytes, places) => {
    const whole = new WholeCharacters()
    const shown = Buffer.concat(cutAt(Buffer.from(bytes), places).map((piece) => whole.push(piece)))
    assert.ok(bytes.length - shown.length <= 3)
    assert.deepEqual(shown, Buffer.from(bytes).subarray(0, shown.length))
  })
  fc.assert(property)
})

test('a dash torn behind its second byte is shown by xterm.js', async () => {
  const terminal = new headless.Terminal({ allowProposedApi: true })
  const whole = new WholeCharacters()
  for (const piece of cutAt(Buffer.from('a—b'), [3])) {
    await new Promise<void>((done) => terminal.write(whole.push(piece), done))
  }
  assert.equal(terminal.buffer.active.getLine(0)?.translateToString(true), 'a—b')
})
