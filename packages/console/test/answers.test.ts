/** What the console feeds to xterm.js makes it answer nothing; every query of the list is tried on the real engine. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueryFilter } from '@holdfast/client'
import { HARMLESS, QUERIES } from '@holdfast/client/terminal-queries'
import headless from '@xterm/headless'

const terminal = () =>
  new headless.Terminal({
    cols: 80,
    rows: 24,
    allowProposedApi: true,
    windowOptions: { getWinSizeChars: true, getWinSizePixels: true, getCellSizePixels: true },
  })
const bytes = (latin1: string): Uint8Array => Buffer.from(latin1, 'latin1')

/** What a new terminal says while it parses the chunks, and the first line it shows then. */
const parse = async (chunks: readonly Uint8Array[]): Promise<{ said: string[]; line: string | undefined }> => {
  const term = terminal()
  const said: string[] = []
  term.onData((text) => said.push(text))
  for (const chunk of chunks) await new Promise<void>((done) => term.write(chunk, done))
  const line = term.buffer.active.getLine(0)?.translateToString(true)
  term.dispose()
  return { said, line }
}
const filtered = (...chunks: string[]): Uint8Array[] => {
  const filter = new QueryFilter()
  return chunks.map((chunk) => filter.push(bytes(chunk)))
}

test('xterm.js by itself answers, so the silence below is ours', async () => {
  const names = ['DA1', 'DA2', 'CPR', 'DECRQM dec', 'text size', 'DECRQSS', 'DA1 by C1', 'size with zeros']
  for (const name of [...names, 'DECRQSS with parameters', 'CPR with a subparameter'])
    assert.notDeepEqual((await parse([bytes(QUERIES[name] ?? '')])).said, [], name)
})

for (const [name, query] of Object.entries(QUERIES)) {
  test(`no answer to ${name}, wherever the stream is cut`, async () => {
    for (let cut = 1; cut <= query.length; cut++) {
      const { said, line } = await parse(filtered(`before${query.slice(0, cut)}`, `${query.slice(cut)}after`))
      assert.deepEqual(said, [], `cut at ${cut}`)
      assert.equal(line, 'beforeafter')
    }
  })
}

test('no answer to all of them in one piece, as in a snapshot, and what is left has its effect', async () => {
  const all = Object.values(QUERIES).join('') + Object.values(HARMLESS).join('')
  assert.deepEqual((await parse(filtered(`${all}\x1bcend`))).said, [])
  const colours = await parse(filtered('\x1b]4;1;red;2;?\x07\x1b]10;?;#112233\x07shown'))
  assert.deepEqual(colours, { said: [], line: 'shown' })
})
