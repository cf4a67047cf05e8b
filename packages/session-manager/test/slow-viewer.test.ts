/** A view of a tmux session that is not read holds up nobody, costs little, and comes to the same screen when it is read again. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import headless from '@xterm/headless'
import { type ManagedSession, SessionManager, type SessionStream } from '../src/index.ts'
import { whyNoTmux } from './why-no-tmux.ts'

const skip = whyNoTmux(process.env.CI === 'true')
const dir = mkdtempSync(join(tmpdir(), 'hf-slow-'))
/** A server each: a client of another session, too, is one that tmux reads the pane for. */
const sockets = ['both', 'alone', 'ends'].map((name) => join(dir, name))
const [both, alone, ends] = sockets.map((socket) => new SessionManager({ mode: 'simple', socket })) as [
  SessionManager,
  SessionManager,
  SessionManager,
]
after(() => {
  for (const socket of skip === false ? sockets : [])
    execFileSync('tmux', ['-S', socket, 'start-server', ';', 'kill-server'])
  rmSync(dir, { recursive: true, force: true })
})

const timeout = 120_000

/** Numbers of `seq` that make 80 MB, with what the terminal makes of its line feeds. */
const MANY = 9_000_000
/** Held for the view: 1 MiB that may be unparsed, one read of the pipe beyond it, tmux's escapes in both (measured: 2); the rest is chance. */
const MAX_HELD_MIB = 8
/** What the view may get of it all: that 1 MiB, the screen, and the lines above. */
const MAX_READ_MIB = 8

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
/** What this process cannot give back. */
const heldMiB = (): number => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

const attached = async (session: ManagedSession): Promise<SessionStream> => {
  const stream = session.attach()
  await once(stream, 'message')
  return stream
}

/** Reads the stream into a terminal, until that shows what is wanted or to the end; resolves with the bytes read. */
const readUntil = async (stream: SessionStream, isEnough: (shown: string) => boolean): Promise<[string, number]> => {
  const terminal = new headless.Terminal({ cols: 80, rows: 24, allowProposedApi: true })
  const text = (): string => {
    const { active } = terminal.buffer
    const lines = Array.from({ length: terminal.rows }, (_, y) => active.getLine(active.baseY + y))
    return `${lines
      .map((line) => line?.translateToString(true) ?? '')
      .join('\n')
      .trimEnd()}\n`
  }
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length
    await new Promise<void>((done) => terminal.write(chunk, done))
    if (isEnough(text())) break
  }
  return [text(), bytes]
}

test('a view that is not read holds up neither the command nor another view, and comes to the same screen', {
  skip,
  timeout,
}, async () => {
  const script = `read -r; seq 1 ${MANY}; echo finished; exec cat`
  const session = await both.create({ command: 'bash', args: ['-c', script] })
  const [slow, quick] = [await attached(session), await attached(session)]
  const before = heldMiB()
  let end = ''
  const finished = new Promise<void>((done) => {
    quick.on('data', (chunk: Buffer) => {
      end = (end + chunk.toString('latin1')).slice(-100)
      if (end.includes('finished')) done()
    })
  })
  await session.input('\r')
  await finished
  const held = heldMiB() - before
  assert.ok(held < MAX_HELD_MIB, `${held} MiB are held`)
  const last = await session.screen('text')
  const [shown, read] = await readUntil(slow, (text) => text === last)
  assert.equal(shown, last)
  assert.ok(read < MAX_READ_MIB * 2 ** 20, `${read} bytes were read`)
  quick.destroy()
})

/** Resolves when somebody has written to it: nobody has to look at the session for that. */
const signal = (name: string): { path: string; given: () => Promise<string> } => {
  const path = join(dir, name)
  execFileSync('mkfifo', [path])
  return { path, given: () => readFile(path, 'utf8') }
}

test('also the only view holds up nothing', { skip, timeout }, async () => {
  const over = signal('written')
  const script = 'read -r; seq 1 300000; echo over >"$0"; exec cat'
  const session = await alone.create({ command: 'bash', args: ['-c', script, over.path] })
  const slow = await attached(session)
  await session.input('\r')
  assert.equal(await over.given(), 'over\n')
  assert.ok((await session.wait({ until: 'text', text: '^300000$' })).met)
  const last = await session.screen('text')
  const [shown] = await readUntil(slow, (text) => text === last)
  assert.equal(shown, last)
})

test('a command that ends while its view is not read leaves the last screen, whatever was left out', {
  skip,
  timeout,
}, async () => {
  const over = signal('ended')
  // Each line ends as the last one does.
  const script = 'read -r; seq -f "%.0f same" 1 300000; echo over >"$0"'
  const session = await ends.create({ command: 'bash', args: ['-c', script, over.path] })
  const slow = await attached(session)
  await session.input('\r')
  assert.equal(await over.given(), 'over\n')
  const exit = once(slow, 'exit')
  await session.wait({ until: 'exit' })
  const [shown] = await readUntil(slow, () => false)
  assert.equal(shown, await session.screen('text'))
  assert.deepEqual((await exit)[0], { exitCode: 0, signal: null })
})
