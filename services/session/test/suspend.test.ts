/** A session that is suspended leaves its screen behind; the next incarnation shows it above its command. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, shell, startHost } from './harness.ts'

test('suspending answers with the environment, sends viewers away and keeps the screen as it was', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('trap "printf bye; exit 3" HUP TERM; echo work; read x', { env: { SECRET: 'hush' } }))
  const view = (await host.view()).attach()
  await view.shows('work')
  const [first, second] = [host.call('POST', '/suspend', {}), host.call('POST', '/suspend', {})]
  assert.deepEqual((await first).json(), { env: { SECRET: 'hush' } })
  await second
  const { code } = await view.closed
  assert.deepEqual([code, view.find('error')?.code, view.find('exit')], [4411, 'SESSION_SUSPENDED', undefined])
  assert.equal((await host.status()).exit?.suspended, true)
  assert.equal((await host.call('GET', '/screen')).text, 'work\n')
  const note = await host.host.deathNote()
  assert.equal(note?.screen.text, 'work\n')
  assert.equal(note?.exit.suspended, true)
  assert.doesNotMatch(JSON.stringify(note), /hush/)
})

test('viewers are sent away before a host is frozen, and one that reads nothing does not hold that up', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('echo work; read x'))
  const view = (await host.view()).attach()
  await view.shows('work')
  const deaf = (await host.view()).attach({ client: 'deaf' })
  await deaf.shows('work')
  deaf.socket.pause()
  assert.equal((await host.call('POST', '/dismiss', {})).status, 200)
  const { code } = await view.closed
  assert.deepEqual([code, view.find('error')?.code], [4411, 'SESSION_SUSPENDED'])
  assert.equal((await host.status()).exit, null, 'the session goes on')
  deaf.socket.resume()
  assert.equal((await deaf.closed).code, 4411)
})

test('a command that ends while it is suspended is suspended all the same', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('echo up; read x'))
  await host.call('POST', '/suspend', { graceMs: 0 })
  assert.equal((await host.status()).exit?.suspended, true)
  assert.equal((await host.call('POST', '/suspend', {})).json().code, 'SESSION_ENDED')
})

test('the old screen stands above the first output, in the stream and on the screen', async (t) => {
  const host = await startHost(t)
  const above = '\x1b[31mred\x1b[0m line\r\n\r\n$ vim\x1b[2A\x1b[3C'
  await host.claim(shell('printf now; cat', { above }))
  const view = (await host.view()).attach()
  await view.shows('now')
  const [lines, note = ''] = view.text.split('\r\n\x1b[0;2m── resumed ')
  assert.equal(lines, '\x1b[31mred\x1b[0m line\r\n\r\n$ vim')
  const [at = '', rest] = note.split(', ')
  assert.equal(rest, 'the command was started anew ──\x1b[0m\r\nnow')
  assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000, at)
  await eventually('the screen', async () =>
    /^red line\n\n\$ vim\n── resumed .* ──\nnow\n$/.test((await host.call('GET', '/screen')).text),
  )
  const { claim, offset } = await host.status()
  assert.equal(offset, view.offset)
  assert.ok(claim !== null && !('above' in claim))
})
