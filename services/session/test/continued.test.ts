/** A session that ran elsewhere before: its old screen is there at once, its command begins when it is told to, by its recipe. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually, shell, startHost } from './harness.ts'

const HELD = { above: 'old work', again: true, held: true }

test('held, a command begins with CONT and not before, by its recipe', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-held-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const mark = join(directory, 'mark')
  const resume = ['sh', '-c', `cat ${mark}; exec cat`]
  const host = await startHost(t)
  await host.claim(shell('echo never', { ...HELD, resume, env: { SECRET: 'hush' } }))
  const view = (await host.view()).attach()
  await view.shows('old work')
  assert.deepEqual((await host.call('GET', '/environment')).json(), { env: { SECRET: 'hush' } })
  writeFileSync(mark, 'told to')
  // A signal comes to the command as soon as there is a process for it.
  await eventually('CONT is taken', async () => (await host.call('POST', '/signal', { name: 'CONT' })).status === 200)
  await view.shows('told to')
  assert.match(view.text, /^old work\r\n.*the command was started anew.*\r\ntold to$/)
  const { claim } = await host.status()
  assert.deepEqual(
    [claim?.resume, claim !== null && 'held' in claim, claim !== null && 'again' in claim],
    [resume, false, false],
  )
})

test('a command that is held can be stopped: it never began', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('echo never; exec cat', HELD))
  const view = (await host.view()).attach()
  await view.shows('anew')
  await host.call('POST', '/stop', {})
  assert.doesNotMatch(view.text, /never/)
  assert.notEqual((await host.status()).exit, null)
})

test('a recipe that cannot be run is refused before anything is started', async (t) => {
  const host = await startHost(t)
  const answer = await host.call('POST', '/claim', shell('cat', { ...HELD, resume: ['no-such-program'] }))
  assert.equal(answer.json().code, 'COMMAND_NOT_FOUND')
  assert.equal((await host.status()).claim, null)
})
