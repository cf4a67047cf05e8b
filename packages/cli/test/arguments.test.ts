import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdfast } from './harness.ts'

const COMMANDS = ['new', 'ls', 'attach', 'kill', 'screen', 'top', 'usage']

test('without a command: the usage on stderr, exit 2', async () => {
  const { exitCode, out, err } = await holdfast([])
  assert.deepEqual([exitCode, out], [2, ''])
  assert.match(err, /^usage: holdfast <command>/)
})

test('help names every command, the detach keys, the configuration and the exit codes', async () => {
  for (const argv of [['help'], ['--help'], ['-h']]) {
    const { exitCode, out, err } = await holdfast(argv)
    assert.deepEqual([exitCode, err], [0, ''])
    for (const name of COMMANDS) assert.match(out, new RegExp(`^ {2}${name} +\\w`, 'm'))
    for (const word of ['Ctrl-] then d', 'HOLDFAST_URL', 'HOLDFAST_KEY', 'HOLDFAST_CONFIG', '128+n'])
      assert(out.includes(word), word)
  }
})

test('every command has a help of its own, with all its flags', async () => {
  for (const name of COMMANDS) {
    const { exitCode, out } = await holdfast([name, '--help'])
    assert.equal(exitCode, 0)
    assert(out.startsWith(`usage: holdfast ${name}`))
    assert.deepEqual(await holdfast(['help', name]), { exitCode: 0, out, err: '' })
  }
  const { out } = await holdfast(['help', 'new'])
  assert.match(out, /-d, --detach +do not attach/)
  assert.match(out, /--ttl SECONDS +\w/)
  assert.match(out, /--restart POLICY +.*never.*on-loss.*always/)
  assert.match(out, /--idle-action ACTION +.*stop.*suspend/)
  const abouts = out.match(/^ {2}(?:-\w, )?--\S+(?: [A-Z=]+)? +(?=[a-z])/gm)?.map(({ length }) => length) ?? []
  assert.ok(abouts.length > 9)
  assert.equal(new Set(abouts).size, 1, 'in one column')
})

test('--version prints the version alone', async () => {
  assert.match((await holdfast(['--version'])).out, /^\d+\.\d+\.\d+\n$/)
})

const WRONG: [string[], RegExp][] = [
  [['frobnicate'], /there is no command "frobnicate"/],
  [['help', 'frobnicate'], /there is no command "frobnicate"/],
  [['ls', '--frob'], /--frob/],
  [['ls', 'x'], /takes no names/],
  [['top', 'x'], /takes no names/],
  [['ls', '--phase', 'asleep'], /pending, starting, running/],
  [['ls', '--label', 'x'], /NAME=VALUE/],
  [['attach'], /name one session/],
  [['attach', 'a', 'b'], /name one session/],
  [['kill'], /at least one session/],
  [['screen', 'a', '--format', 'png'], /text, ansi, json, html/],
  [['screen', 'a', '--scrollback', '-1'], /scrollback/],
  [['screen', 'a', '--scrollback=1.5'], /whole number/],
  [['new', '--ttl', 'soon'], /whole number/],
  [['new', '--env', '=x'], /NAME=VALUE/],
  [['new', '--idle', '1h'], /--idle takes a whole number, not "1h"/],
  [['new', '--idle-action', 'sleep'], /--idle-action takes one of stop, suspend; not "sleep"/],
  [['new', '--restart', 'often'], /--restart takes one of never, on-loss, always; not "often"/],
  [['new', '--node-selector', 'ssd'], /--node-selector takes NAME=VALUE, not "ssd"/],
  [['new', 'ls', '-la'], /-l/],
  [['migrate', '--to', 'cluster'], /name one session/],
  [['migrate', 'a'], /say where it goes: --to cluster, or --to local/],
  [['migrate', 'a', '--to', 'mars'], /--to takes one of cluster, local; not "mars"/],
]
for (const [argv, message] of WRONG)
  test(`holdfast ${argv.join(' ')}: says why, shows the usage, exit 2`, async () => {
    const { exitCode, out, err } = await holdfast(argv)
    assert.deepEqual([exitCode, out], [2, ''])
    assert(err.startsWith('holdfast: '), err)
    assert.match(err, message)
    assert.match(err, /usage: holdfast/)
  })
