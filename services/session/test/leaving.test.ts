/** The machine under a session is to go: who is attached is told, and who comes later. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, shell, startHost, type View } from './harness.ts'

const notices = (view: View) => view.messages.filter(({ type }) => type === 'notice')
const GOES = {
  type: 'notice',
  level: 'warning',
  text: 'the machine under this session is to go (worker w1 takes no new pods): end the session when you can',
}
const STAYS = { type: 'notice', level: 'info', text: 'the machine under this session stays' }

test('viewers are told once that the machine is to go, newcomers too, and when it stays', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('cat'))
  const early = (await host.view()).attach({ client: 'early' })
  await early.gets('attached')
  const leaving = { why: 'worker w1 takes no new pods' }
  for (const body of [leaving, leaving]) assert.equal((await host.call('POST', '/leaving', body)).status, 200)
  const late = (await host.view()).attach({ client: 'late' })
  assert.deepEqual(await late.gets('notice'), GOES)
  assert.equal((await host.call('POST', '/leaving', { why: null })).status, 200)
  await eventually('both hear it', () => notices(early).length >= 2 && notices(late).length >= 2)
  const after = (await host.view()).attach({ client: 'after' })
  after.type('heard\n')
  await eventually('its echo', () => after.text.includes('heard'))
  assert.deepEqual([early, late, after].map(notices), [[GOES, STAYS], [GOES, STAYS], []])
  assert.doesNotMatch(early.text, /machine/, 'no byte of it is in the stream')
  for (const body of [{}, { why: '' }, { why: 3 }, { ...leaving, more: 1 }]) {
    assert.equal((await host.call('POST', '/leaving', body)).status, 400)
  }
})
