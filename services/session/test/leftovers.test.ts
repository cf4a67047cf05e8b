/** What a command leaves behind: its last output is waited for, then it goes too, all of it. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { claimOf, eventually, isAlive, shell, startHost, type TestHost, type View } from './harness.ts'

const run = async (t: TestContext, script: string): Promise<{ host: TestHost; view: View }> => {
  const host = await startHost(t)
  await host.claim(shell(script))
  return { host, view: (await host.view()).attach() }
}

/** Processes anywhere that were started with this word among their arguments. */
const withWord = (word: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(word) && isAlive(Number(pid))
      } catch {
        return false
      }
    })
    .map(Number)

const pidOf = (view: View, name: string): number => Number(new RegExp(`${name}=(\\d+)`).exec(view.text)?.[1])

test('the output of a background child that keeps the terminal comes before the exit', async (t) => {
  const { view } = await run(t, 'read; (sleep 1; echo LATE) & echo EARLY; exit 3')
  await view.gets('attached')
  view.type('\n')
  const exit = await view.gets('exit')
  assert.equal(view.text, '\r\nEARLY\r\nLATE\r\n')
  assert.deepEqual(exit, { type: 'exit', exitCode: 3, signal: null, offset: 15, leaderOffset: 9, ttyEnd: 'closed' })
  const notice = view.find('notice')
  assert.deepEqual(notice, {
    type: 'notice',
    level: 'info',
    text: 'the command has ended with 3; waiting for background processes',
  })
})

test('a background child that stays is told to go, says goodbye, and the exit is the command’s own', async (t) => {
  const { view } = await run(
    t,
    `trap "exit 3" USR1; bash -c 'trap "echo BYE; exit" HUP; echo up; kill -USR1 $PPID; while :; do read -t 1 <>/dev/zero; sleep 0.1; done' & wait`,
  )
  const { exitCode, ttyEnd } = await view.gets('exit')
  assert.deepEqual({ exitCode, ttyEnd }, { exitCode: 3, ttyEnd: 'forced' })
  // The shell says so when the sleep of the moment is told to go first.
  assert.match(view.text, /^up\r\n(Hangup\r\n)?BYE\r\n$/)
})

test('a background child that ignores everything is killed, and what it wrote until then is there', async (t) => {
  const { host, view } = await run(
    t,
    `trap "exit 4" USR1; bash -c 'trap "" HUP TERM; echo pid=$$; kill -USR1 $PPID; for ((i=0;;i++)); do echo $i; sleep 0.01; done' & wait`,
  )
  const { exitCode, ttyEnd, offset } = await view.gets('exit')
  assert.deepEqual({ exitCode, ttyEnd }, { exitCode: 4, ttyEnd: 'forced' })
  assert.equal(view.output.length, offset)
  const [, ...lines] = view.text.trimEnd().split('\r\n')
  assert.deepEqual(
    lines,
    lines.map((_, i) => String(i)),
  )
  await host.host.session.gone
  assert.equal(isAlive(pidOf(view, 'pid')), false)
})

test('a child that does not hold the terminal delays no exit, and is ended', async (t) => {
  const { host, view } = await run(
    t,
    'nohup sleep 60 >/dev/null 2>&1 </dev/null & echo pid=$!; until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done; exit 5',
  )
  const { exitCode, ttyEnd } = await view.gets('exit')
  assert.deepEqual({ exitCode, ttyEnd }, { exitCode: 5, ttyEnd: 'closed' })
  assert.equal(view.find('notice'), undefined, 'nothing was waited for')
  await host.host.session.gone
  assert.equal(isAlive(pidOf(view, 'pid')), false)
})

test('a terminal held by way of /dev/tty, from another process group, counts as held', async (t) => {
  const { view } = await run(
    t,
    'set -m; (exec 3>/dev/tty >/dev/null 2>&1 </dev/null; sleep 0.4; echo LATE >&3) & exit 0',
  )
  await view.gets('exit')
  assert.equal(view.text, 'LATE\r\n')
})

test('a command that lets go of its terminal but lives on ends with its own end', async (t) => {
  const { view } = await run(
    t,
    'echo before; exec 3>/dev/null >/dev/null 2>&1 </dev/null; sleep 0.5; echo after >/dev/tty; exit 6',
  )
  const { exitCode, ttyEnd } = await view.gets('exit')
  assert.deepEqual({ exitCode, ttyEnd }, { exitCode: 6, ttyEnd: 'closed' })
  assert.equal(view.text, 'before\r\nafter\r\n')
})

const stubborn = (word: string): string =>
  [
    'trap "" TERM HUP INT',
    `bash -c 'trap "" TERM HUP; sleep 60; :' ${word} &`,
    `setsid bash -c 'trap "" TERM HUP; while :; do sleep 60; done' ${word} &`,
    `(setsid bash -c 'bash -c "trap : TERM HUP; sleep 60; :" ${word} & ' ${word} &)`,
    `bash -c 'kill -STOP $$; sleep 60' ${word} &`,
    `set -m; bash -c 'sleep 60; :' ${word} & set +m`,
    'sleep 0.3; echo ready; while :; do sleep 60; done',
  ].join('\n')

test('stop reaches groups, setsid children, daemons, the deaf and the stopped', async (t) => {
  const word = `leftover-${process.pid}`
  const { host, view } = await run(t, stubborn(word))
  await view.shows('ready')
  await eventually('all to run', () => withWord(word).length >= 5)
  assert.equal((await host.call('POST', '/stop', { graceMs: 100 })).status, 200)
  assert.deepEqual(withWord(word), [])
  assert.equal((await view.gets('exit')).signal, 'KILL')
})

test('stop ends 200 processes that go on forking', async (t) => {
  const word = `bomb-${process.pid}`
  // Each has one child at a time and ends by itself: a kill that fails must not take the machine down.
  const fork = 'trap "" TERM HUP; while ((SECONDS < 60)); do (:); sleep 0.4; done'
  const start = `for ((n = 0; n < 100; n++)); do bash -c '${fork}' ${word} & setsid bash -c '${fork}' ${word} & done`
  const { host, view } = await run(t, `${start} >/dev/null 2>&1; echo ready; wait`)
  await view.shows('ready')
  await eventually('200 of them', () => withWord(word).length >= 200)
  assert.equal((await host.call('POST', '/stop', { graceMs: 50 })).status, 200)
  assert.deepEqual(withWord(word), [])
})

test('when the session’s leader is killed the rest goes too, and the end is told as a failure', async (t) => {
  const word = `orphan-${process.pid}`
  const host = await startHost(t)
  const script = `trap "" HUP; bash -c 'trap "" HUP; sleep 60; :' ${word} & echo ready; read; kill -9 $PPID; sleep 60`
  await host.claim(claimOf('bash', ['-c', script, word]))
  const view = (await host.view()).attach()
  await view.shows('ready')
  view.type('\n')
  const { exitCode, signal, ttyEnd } = await view.gets('exit')
  assert.deepEqual({ exitCode, signal, ttyEnd }, { exitCode: null, signal: null, ttyEnd: 'forced' })
  assert.match(view.text, /\[holdfast\] the session's leader was killed/)
  await host.host.session.gone
  assert.deepEqual(withWord(word), [])
  assert.match((await host.status()).exit?.failure ?? '', /leader was killed/)
})
