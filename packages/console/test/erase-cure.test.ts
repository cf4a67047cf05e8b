/** Erasing up to the last cell of the last line erases, and what comes after it is shown. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import headless from '@xterm/headless'
import type { Terminal } from '@xterm/xterm'
import { cureErase } from '../src/terminal/erase-cure.ts'

for (const [what, position] of [
  ['in the last cell', '\x1b[3;5H'],
  ['about to wrap behind it', '\x1b[3;5Hx'],
] as const) {
  test(`CSI 1 J ${what}`, async () => {
    const terminal = new headless.Terminal({ cols: 5, rows: 3, allowProposedApi: true })
    cureErase(terminal as unknown as Terminal)
    const write = (text: string): Promise<void> => new Promise((done) => terminal.write(text, done))
    await write(`one\r\ntwo\r\nthree${position}\x1b[1J`)
    const lines = () => [0, 1, 2].map((row) => terminal.buffer.active.getLine(row)?.translateToString(true))
    assert.deepEqual(lines(), ['', '', ''])
    await write('\x1b[Hafter')
    assert.equal(lines()[0], 'after')
  })
}
