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
const sockets: string[] = []
/** On a server of its own: the client of another session, too, is one that tmux reads the pane for. */
const newManager = (): SessionManager => {
  const socket = join(dir, `server-${sockets.length}`)
  sockets.push(socket)
  return new SessionManager({ mode: 'simple', socket })
}
after(() => {
  for (const socket of sockets) execFileSync('tmux', ['-S', socket, 'start-server', ';', 'kill-server'])
  rmSync(dir, { recursive: true, force: true })
})

const timeout = 300_000

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
  const session = await newManager().create({ command: 'bash', args: ['-c', script] })
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

/** A command whose only view does not read: resolves with both when all is written, which a pipe tells, and not a look at the session. */
const written = async (script: string): Promise<[ManagedSession, SessionStream]> => {
  const pipe = join(dir, `pipe-${sockets.length}`)
  execFileSync('mkfifo', [pipe])
  const session = await newManager().create({ command: 'bash', args: ['-c', `read -r; ${script}`, pipe] })
  const stream = await attached(session)
  await session.input('\r')
  assert.equal(await readFile(pipe, 'utf8'), 'over\n')
  return [session, stream]
}

/** Where tmux's buffer stood decides whether it stops: left to itself it did so in four of six runs. */
const TIMES = 3

test('also the only view holds up nothing', { skip, timeout }, async () => {
  const alone = async (): Promise<void> => {
    const [session, slow] = await written('seq 1 1000000; echo over >"$0"; exec cat')
    assert.ok((await session.wait({ until: 'text', text: '^1000000$' })).met)
    const last = await session.screen('text')
    const [shown] = await readUntil(slow, (text) => text === last)
    assert.equal(shown, last)
  }
  await Promise.all(Array.from({ length: TIMES }, alone))
})

test('a command that ends while its view is not read leaves the last screen, whatever was left out', {
  skip,
  timeout,
}, async () => {
  // Each line ends as the last one does.
  const [session, slow] = await written('seq -f "%.0f same" 1 300000; echo over >"$0"')
  const exit = once(slow, 'exit')
  await session.wait({ until: 'exit' })
  const [shown] = await readUntil(slow, () => false)
  assert.equal(shown, await session.screen('text'))
  assert.deepEqual((await exit)[0], { exitCode: 0, signal: null })
})
