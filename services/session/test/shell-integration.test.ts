/** A real bash with the integration of the session image: its commands, their output by offset, its prompt, and what programs tell. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Claim, Command, HostMessage } from '@holdfast/protocol'
import { claimOf, eventually, shell, startHost, type View } from './harness.ts'

const BASHRC = fileURLToPath(new URL('../../../images/session/bashrc', import.meta.url))

const startBash = async (t: TestContext, more: Partial<Claim> = {}) => {
  const host = await startHost(t)
  await host.claim(claimOf('bash', ['--rcfile', BASHRC, '-i'], { cwd: '/usr', env: { HISTFILE: '' }, ...more }))
  const view = (await host.view()).attach()
  const wait = async (until: string) => (await host.call('POST', '/wait', { until })).json()
  await eventually('the first prompt', () => view.text.includes('\x1b]133;B'))
  const run = async (line: string): Promise<void> => {
    const before = commandsOf(view, 'ended').length
    view.type(`${line}\n`)
    await eventually(`the end of ${line}`, () => commandsOf(view, 'ended').length > before)
  }
  return { host, view, wait, run }
}

type CommandMessage = Extract<HostMessage, { type: 'command' }>
const commandsOf = (view: View, state: Command['state']): CommandMessage[] =>
  view.messages.filter((message) => message.type === 'command').filter((message) => message.state === state)

test('each command is told with its text, directory and exit code; its offsets cut its output out of the stream', async (t) => {
  const { host, view, run } = await startBash(t)
  await run("printf '%s\\n' one 'two; three' ü")
  await run('cd /tmp')
  await run('(exit 3)')
  await run('false | true; ! true')
  const ended = commandsOf(view, 'ended')
  assert.deepEqual(
    ended.map(({ command, cwd, exitCode }) => [command, cwd, exitCode]),
    [
      ["printf '%s\\n' one 'two; three' ü", '/usr', 0],
      ['cd /tmp', '/usr', 0],
      ['(exit 3)', '/tmp', 3],
      ['false | true; ! true', '/tmp', 1],
    ],
  )
  assert.equal(view.find('attached')?.offset, 0)
  const output = ended.map(({ start, end }) => view.output.subarray(start, end ?? 0).toString())
  assert.deepEqual(output, ['one\r\ntwo; three\r\nü\r\n', '', '', ''])
  assert.deepEqual(
    commandsOf(view, 'started').map(({ id, start }) => [id, start]),
    ended.map(({ id, start }) => [id, start]),
  )
  const listed = (await host.call('GET', '/commands')).json()
  assert.deepEqual(
    listed,
    ended.map(({ type: _type, ...command }) => command),
  )
  assert.equal((await host.status()).commands, 4)
})

test('a command that ends the shell ends with the stream', async (t) => {
  const { host, view } = await startBash(t)
  view.type('exit 7\n')
  const { offset, exitCode } = await view.gets('exit')
  assert.equal(exitCode, 7)
  const [last] = (await host.call('GET', '/commands')).json() as unknown as Command[]
  assert.deepEqual([last?.command, last?.state, last?.exitCode, last?.end], ['exit 7', 'ended', null, offset])
})

test('wait for the prompt is exact: not before the line typed has run, whatever silence there is', async (t) => {
  const { host, view, wait } = await startBash(t)
  assert.deepEqual(await wait('prompt'), { met: true })
  for (let i = 1; i <= 3; i++) {
    await host.call('POST', '/input', { text: `sleep 0.4; echo done$((${i} * 10))\n` })
    assert.deepEqual(await wait('prompt'), { met: true })
    assert.match((await host.call('GET', '/screen')).text, new RegExp(`^done${i}0$`, 'm'))
  }
  // An unfinished line leaves bash at its second prompt, which is none.
  view.type('echo "\n')
  await view.shows('\x1b[?2004h> ')
  const { met } = (await host.call('POST', '/wait', { until: 'prompt', timeoutMs: 600 })).json()
  assert.equal(met, false)
  view.type('\x03')
  assert.deepEqual(await wait('prompt'), { met: true })
})

test('a line that must not be remembered is not told under the name of an older one', async (t) => {
  const { view, run } = await startBash(t)
  await run('HISTCONTROL=ignoreboth')
  await run(' echo secret')
  assert.deepEqual(
    commandsOf(view, 'ended').map(({ command, exitCode }) => [command, exitCode]),
    [
      ['HISTCONTROL=ignoreboth', 0],
      [null, 0],
    ],
  )
})

/** Prints what it is asked to, one sequence a line. */
const PRINTER = 'stty -echo; echo ready; while read -r line; do printf "$line"; done'

test('the clipboard is written for the controller alone, and never read', async (t) => {
  const host = await startHost(t)
  await host.claim(shell(PRINTER))
  const other = (await host.view()).attach({ client: 'other' })
  await other.shows('ready')
  const controller = (await host.view()).attach({ client: 'controller' })
  await controller.shows('ready')
  controller.type('\\e]52;c;aGVsbG8=\\a\\e]52;c;?\\a<\n')
  assert.deepEqual(await controller.gets('clipboard'), { type: 'clipboard', selection: 'c', data: 'aGVsbG8=' })
  controller.type('>\n')
  await other.shows('>')
  assert.equal(other.find('clipboard'), undefined)
  assert.equal(controller.messages.filter(({ type }) => type === 'clipboard').length, 1)
})

for (const [what, more, bytes, told, warned] of [
  ['as much as is allowed', {}, 100 * 1024, true, false],
  ['too much', {}, 100 * 1024 + 1, false, true],
  ['twenty times too much', {}, 2_000_000, false, true],
  ['anything when the policy is off', { clipboard: 'off' }, 5, false, false],
] as const) {
  test(`a program writes ${what} to the clipboard`, async (t) => {
    const host = await startHost(t)
    const script = `stty -echo; echo ready; read; printf '\\e]52;c;'; head -c ${bytes} /dev/zero | base64 -w0; printf '\\aafter'; cat`
    await host.claim(shell(script, more))
    const view = (await host.view()).attach()
    await view.shows('ready')
    view.type('\n')
    await view.shows(/after$/)
    view.send({ type: 'ping', id: 1 })
    await view.gets('pong')
    if (told) assert.equal(Buffer.from((await view.gets('clipboard')).data, 'base64').length, bytes)
    else assert.equal(view.find('clipboard'), undefined)
    if (warned) assert.equal((await view.gets('notice')).level, 'warning')
    else assert.equal(view.find('notice'), undefined)
  })
}

test('notifications reach every view, progress bars none', async (t) => {
  const host = await startHost(t)
  await host.claim(shell(PRINTER))
  const one = (await host.view()).attach({ client: 'one' })
  const two = (await host.view({ mode: 'ro' })).attach({ client: 'two' })
  await Promise.all([one.shows('ready'), two.shows('ready')])
  one.type('\\e]9;4;1;50\\a\\e]777;notify;Build;done\\a\n')
  for (const view of [one, two]) {
    assert.deepEqual(await view.gets('notice'), { type: 'notice', level: 'info', text: 'done', title: 'Build' })
  }
})
