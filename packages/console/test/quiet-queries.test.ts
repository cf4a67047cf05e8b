/** A viewer answers no terminal query, and loses nothing else by it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import headless from '@xterm/headless'
import type { Terminal as BrowserTerminal } from '@xterm/xterm'
import { type QuietQueries, quietQueries } from '../src/quiet-queries.ts'

const terminal = () => {
  const term = new headless.Terminal({
    cols: 80,
    rows: 24,
    allowProposedApi: true,
    windowOptions: {
      getWinSizeChars: true,
      getWinSizePixels: true,
      getCellSizePixels: true,
      pushTitle: true,
      popTitle: true,
    },
  })
  // The parser interfaces of both packages are the same text.
  return term as typeof term & Pick<BrowserTerminal, 'parser'>
}
type Term = ReturnType<typeof terminal>

const feed = (term: Term, data: string): Promise<void> => new Promise((done) => term.write(data, done))

/** What the terminal says on its own while it parses `data`; with `quiet`, as the pane sends it. */
const answers = async (term: Term, data: string, quiet?: QuietQueries): Promise<string[]> => {
  const said: string[] = []
  const listener = term.onData((text) => {
    if (!quiet?.answering()) said.push(text)
  })
  await feed(term, data)
  listener.dispose()
  return said
}

const QUERIES: Record<string, string> = {
  DA1: '\x1b[c',
  'DA1 with 0': '\x1b[0c',
  DA2: '\x1b[>c',
  DA3: '\x1b[=c',
  'DSR status': '\x1b[5n',
  CPR: '\x1b[6n',
  DECXCPR: '\x1b[?6n',
  'colour scheme': '\x1b[?996n',
  'DECRQM ANSI': '\x1b[4$p',
  'DECRQM DEC': '\x1b[?2004$p',
  XTVERSION: '\x1b[>q',
  'OSC 4': '\x1b]4;1;?\x07',
  'OSC 4, two at once': '\x1b]4;1;?;2;?\x1b\\',
  'OSC 10': '\x1b]10;?\x07',
  'OSC 10 and on': '\x1b]10;?;?;?\x07',
  'OSC 11': '\x1b]11;?\x1b\\',
  'OSC 12': '\x1b]12;?\x07',
  'DECRQSS SGR': '\x1bP$qm\x1b\\',
  'DECRQSS margins': '\x1bP$qr\x1b\\',
  XTGETTCAP: '\x1bP+q544e\x1b\\',
  'kitty flags': '\x1b[?u',
  'XTWINOPS pixels': '\x1b[14t',
  'XTWINOPS cell': '\x1b[16t',
  'XTWINOPS cells': '\x1b[18t',
  'XTWINOPS title': '\x1b[21t',
}

test('xterm.js by itself answers, so the silence below is ours', async () => {
  for (const name of ['DA1', 'DA2', 'CPR', 'DECRQM DEC', 'XTWINOPS cells', 'DECRQSS SGR']) {
    const term = terminal()
    assert.notDeepEqual(await answers(term, QUERIES[name] ?? ''), [], name)
    term.dispose()
  }
})

for (const [name, query] of Object.entries(QUERIES)) {
  test(`a quiet terminal does not answer ${name}, wherever the stream is cut`, async () => {
    for (let cut = 1; cut <= query.length; cut++) {
      const term = terminal()
      quietQueries(term)
      const said = await answers(term, `before${query.slice(0, cut)}`)
      said.push(...(await answers(term, `${query.slice(cut)}after`)))
      assert.deepEqual(said, [], `cut at ${cut}`)
      assert.equal(term.buffer.active.getLine(0)?.translateToString(true), 'beforeafter')
      term.dispose()
    }
  })
}

test('colours are still set', async () => {
  const colours: [number, string][] = [
    [4, '1;red'],
    [4, '1;#ff0000;2;rgb:00/ff/00'],
    [11, '#112233'],
  ]
  for (const [ident, spec] of colours) {
    const term = terminal()
    const seen: string[] = []
    // An earlier handler stands for that of xterm.js: it sees what the quiet one lets pass.
    term.parser.registerOscHandler(ident, (data) => {
      seen.push(data)
      return false
    })
    quietQueries(term)
    await feed(term, `\x1b]${ident};${spec}\x07`)
    assert.deepEqual(seen, [spec])
    term.dispose()
  }
})

test('a sequence that sets one colour and asks for another sets, and its answer is marked', async () => {
  const term = terminal()
  const answering: boolean[] = []
  term.parser.registerOscHandler(4, () => {
    answering.push(quiet.answering())
    return false
  })
  const quiet = quietQueries(term)
  await feed(term, '\x1b]4;1;red;2;?\x07')
  assert.deepEqual(answering, [true])
  assert.equal(quiet.answering(), false, 'a key pressed later is no answer')
  term.dispose()
})

test('switching focus reports on works and is itself no report', async () => {
  const term = terminal()
  const quiet = quietQueries(term)
  assert.deepEqual(await answers(term, '\x1b[?1004h', quiet), [])
  assert.equal(term.modes.sendFocusMode, true)
  term.dispose()
})

test('titles, cursor style and other sequences with the same final letters still work', async () => {
  const term = terminal()
  quietQueries(term)
  const titles: string[] = []
  term.onTitleChange((title) => titles.push(title))
  await feed(term, '\x1b]2;one\x07\x1b[22;0t\x1b]2;two\x07\x1b[23;0t')
  assert.deepEqual(titles, ['one', 'two', 'one'])
  await feed(term, '\x1b[?2004h\x1b[1mbold\x1b[3;5H\x1b[s\x1b[H\x1b[u')
  assert.equal(term.modes.bracketedPasteMode, true)
  assert.deepEqual([term.buffer.active.cursorX, term.buffer.active.cursorY], [4, 2])
  term.dispose()
})

test('what the user types passes', async () => {
  const term = terminal()
  const quiet = quietQueries(term)
  await feed(term, '\x1b[6n\x1b]4;1;red;2;?\x07\x1b[?1004h')
  const said: string[] = []
  term.onData((text) => quiet.answering() || said.push(text))
  term.input('\x1b[1;2R') // Shift+F3 looks like a cursor report
  assert.deepEqual(said, ['\x1b[1;2R'])
  term.dispose()
})
