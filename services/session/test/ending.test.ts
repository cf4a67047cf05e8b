/** Nothing is lost at exit, and how a command ended is told apart. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { TerminalEnd } from '@holdfast/protocol'
import type { Ending } from '../src/ending-mark.ts'
import { Pty } from '../src/pty.ts'
import { Stream } from '../src/stream.ts'
import { claimOf, eventually, HOLD, shell, startHost } from './harness.ts'

/** What `seq 1 n` writes through a terminal. */
const numbers = (n: number): string => `${Array.from({ length: n }, (_, i) => i + 1).join('\r\n')}\r\n`

/** Nothing is taken while this process is busy: with a small limit the terminal fills up, and the command waits. */
const beBusy = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** A terminal and its stream, without host, screen and viewers. */
const startPty = (t: TestContext, command: string, args: string[], perPiece: () => void = () => {}) => {
  const chunks: Buffer[] = []
  const closed = Promise.withResolvers<TerminalEnd>()
  const ending = Promise.withResolvers<Ending>()
  const none = () => undefined
  const env = { PATH: '/usr/bin:/bin' }
  const pty = new Pty(
    { hold: HOLD, command, args, cwd: tmpdir(), cols: 80, rows: 24, env, held: false },
    {
      onLeaderGone: () => stream.drain(),
      onEnding: ending.resolve,
      onOutlasted: none,
      onClosed: closed.resolve,
    },
  )
  const { fd, nonce } = pty
  const stream: Stream = new Stream(
    { fd, nonce, replayBytes: 1024 * 1024, limits: { pendingBytes: 2048 } },
    {
      onOutput: () => {
        chunks.push(stream.take().bytes)
        perPiece()
      },
      onMark: (mark) => pty.heed(mark),
      onHungUp: () => pty.hungUp(),
      onActivity: none,
      onInputBlocked: none,
      onTty: none,
    },
  )
  t.after(() => pty.stop(0))
  const output = () => Buffer.concat(chunks).toString('latin1')
  return { pty, output, ending: ending.promise, closed: closed.promise }
}

test('200 times in a row, a signal right after the start reaches the command', { timeout: 300_000 }, async (t) => {
  for (let run = 0; run < 200; run++) {
    const { pty, ending } = startPty(t, 'sleep', ['1000'])
    assert.ok(await pty.signal('TERM'), `run ${run}`)
    assert.deepEqual(await ending, { kind: 'signal', number: 15, coreDumped: false }, `run ${run}`)
  }
})

test('100 times in a row, the first directory that is told is that of the command', async (t) => {
  for (let run = 0; run < 100; run++) {
    const { pty } = startPty(t, 'sleep', ['1000'])
    let { directory } = pty
    while (directory === null) directory = pty.directory
    assert.equal(directory, tmpdir(), `run ${run}`)
  }
})

test('40 times in a row, every byte of a fast command comes before its exit', async (t) => {
  const wanted = numbers(20_000)
  for (let run = 0; run < 40; run++) {
    const host = await startHost(t)
    await host.claim(claimOf('seq', ['1', '20000']))
    const view = (await host.view()).attach()
    const exit = await view.gets('exit')
    assert.equal(view.text, wanted, `run ${run}`)
    const offset = wanted.length
    assert.deepEqual(exit, {
      type: 'exit',
      exitCode: 0,
      signal: null,
      offset,
      leaderOffset: offset,
      ttyEnd: 'closed',
    })
    assert.equal((await view.closed).code, 1000)
    await host.close()
  }
})

test('a viewer that never acknowledges stops neither the command nor another viewer', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('read; seq 1 700000'))
  const stalled = (await host.view()).attach({ client: 'stalled' })
  stalled.acks = false
  const view = (await host.view()).attach({ client: 'quick' })
  await view.gets('attached')
  view.type('\n')
  await view.gets('exit')
  assert.equal(view.text, `\r\n${numbers(700_000)}`)
  assert.equal(stalled.find('exit'), undefined)
  stalled.acks = true
  stalled.send({ type: 'ack', offset: stalled.offset })
  await stalled.gets('exit')
  assert.equal(stalled.snapshots.length, 1, 'it was skipped forward once')
  assert.match(stalled.snapshots[0]?.toString() ?? '', /699999/)
})

test('100 times in a row, every byte comes before the exit while no viewer reads its socket', async (t) => {
  const wanted = numbers(20_000)
  for (let run = 0; run < 100; run++) {
    const host = await startHost(t)
    await host.claim(shell('read; seq 1 20000'))
    const views = [(await host.view()).attach({ client: 'a' }), (await host.view()).attach({ client: 'b' })]
    for (const view of views) {
      await view.gets('attached')
      view.socket.pause()
    }
    assert.equal((await host.call('POST', '/input', { text: '\n' })).status, 200)
    await eventually('the end', async () => (await host.status()).exit !== null)
    for (const view of views) view.socket.resume()
    for (const view of views) {
      const { offset, ttyEnd } = await view.gets('exit')
      assert.deepEqual({ offset, ttyEnd }, { offset: wanted.length + 2, ttyEnd: 'closed' })
      assert.equal(view.text, `\r\n${wanted}`, `run ${run}`)
    }
    await host.close()
  }
})

test('100 times in a row, every byte comes although the parser is behind when the command ends', async (t) => {
  const wanted = numbers(20_000)
  for (let run = 0; run < 100; run++) {
    const { pty, output, closed } = startPty(t, 'seq', ['1', '20000'], () => beBusy(1))
    assert.equal(await closed, 'closed')
    assert.equal(output(), wanted, `run ${run}`)
    await pty.gone
  }
})

const hardEnds: [string, string, string, RegExp][] = [
  ['a replay buffer smaller than the output', 'seq 1 20000', numbers(20_000), /^$/],
  ['OPOST off', 'stty -opost; seq 1 20000', numbers(20_000).replaceAll('\r', ''), /^$/],
  ['capitals only (OLCUC)', 'stty olcuc; seq 1 20000; echo end', `${numbers(20_000)}END\r\n`, /^$/],
  [
    'a non-blocking terminal left behind',
    `perl -MFcntl -e 'fcntl(STDOUT,F_SETFL,O_NONBLOCK|O_RDWR)'; seq 1 100`,
    numbers(100),
    /^$/,
  ],
  ['the end by KILL', 'seq 1 20000; kill -KILL $$', numbers(20_000), /^KILL$/],
  ['the end by SEGV', 'seq 1 20000; cd /tmp; ulimit -c unlimited; kill -SEGV $$', numbers(20_000), /^SEGV$/],
]
for (const [what, script, wanted, signal] of hardEnds) {
  test(`10 times in a row, ${what}: every byte comes before the exit`, async (t) => {
    for (let run = 0; run < 10; run++) {
      const host = await startHost(t)
      await host.claim(shell(`read -s; ${script}`, { replayBytes: 64 * 1024 }))
      const view = (await host.view()).attach()
      await view.gets('attached')
      view.type('\n')
      const exit = await view.gets('exit')
      assert.equal(view.text.replace(/^\r\n/, ''), wanted)
      assert.match(exit.signal ?? '', signal)
      assert.equal(exit.coreDumped, signal.test('SEGV') ? true : undefined)
      assert.equal(exit.ttyEnd, 'closed')
      await host.close()
    }
  })
}

test('output that was not read yet when the command ended still comes', async (t) => {
  const { pty, output, closed } = startPty(t, 'head', ['-c', '3000', '/dev/zero'])
  // 200 ms after a leader's end node-pty throws the rest away.
  beBusy(600)
  assert.equal(output(), '')
  assert.equal(await closed, 'closed')
  assert.equal(output().length, 3000)
  await pty.gone
})

const endings: [string, string, { exitCode: number | null; signal: string | null }][] = [
  ['an exit code', 'exit 37', { exitCode: 37, signal: null }],
  ['a signal', 'kill -9 $$', { exitCode: null, signal: 'KILL' }],
  ['an exit code above 128, which is no signal', 'exit 137', { exitCode: 137, signal: null }],
  ['the end by TERM', 'kill -TERM $$', { exitCode: null, signal: 'TERM' }],
  ['the end on a terminal left raw', 'stty raw -echo; exit 5', { exitCode: 5, signal: null }],
]
for (const [what, script, wanted] of endings) {
  test(`${what} is told as what it is`, async (t) => {
    const host = await startHost(t)
    await host.claim(shell(script))
    const view = (await host.view()).attach()
    const { exitCode, signal } = await view.gets('exit')
    assert.deepEqual({ exitCode, signal }, wanted)
  })
}

test('a command killed while Ctrl-S holds its output still tells how it ended', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('while :; do echo more; sleep 0.01; done'))
  const view = (await host.view()).attach()
  await view.shows('more')
  view.type('\x13')
  let before = -1
  await eventually('the output to stand still', async () => {
    const { offset } = await host.status()
    const stands = offset === before
    before = offset
    await delay(50)
    return stands
  })
  assert.equal((await host.call('POST', '/stop', { graceMs: 20_000 })).status, 200)
  // KILL would be the session leader's own end, without its mark.
  assert.match((await view.gets('exit')).signal ?? '', /^(HUP|TERM)$/)
})

test('a script whose interpreter is missing ends with 127 and says why', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-script-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const script = join(directory, 'script')
  writeFileSync(script, '#!/no/such/interpreter\n')
  chmodSync(script, 0o755)
  const host = await startHost(t)
  await host.claim(claimOf(script))
  const view = (await host.view()).attach()
  assert.equal((await view.gets('exit')).exitCode, 127)
  assert.match(view.text, /could not be started: ENOENT/)
})
