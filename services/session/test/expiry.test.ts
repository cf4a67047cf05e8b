/** The end of a session's time: warned of, told in the status, put off by activity and by new limits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, shell, startHost, type TestHost, type View } from './harness.ts'

const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString()
const expiring = async (host: TestHost) => (await host.status()).expiring
const warnings = (view: View): string[] =>
  view.messages.flatMap((message) => (message.type === 'notice' ? [message.text] : []))

const NAMES = { name: 'n', labels: {} }

test('a short time to live is warned of at half of it, and due at its end', async (t) => {
  const host = await startHost(t)
  const expiresAt = inSeconds(8)
  await host.claim(shell('cat', { expiresAt }))
  const view = (await host.view()).attach()
  await view.gets('attached')
  assert.equal(await expiring(host), null)
  const { text, ...notice } = await view.gets('notice')
  assert.deepEqual(notice, { type: 'notice', level: 'warning' })
  assert.match(
    text, // a busy machine is late
    /^this session ends in [34] seconds: its time to live is over then; `holdfast extend` gives it more$/,
  )
  assert.deepEqual(await expiring(host), { at: expiresAt, because: 'ttl', due: false })
  view.type('typing does not help\n')
  await eventually('the end', async () => (await expiring(host))?.due === true)
  assert.equal((await host.status()).exit, null, 'the host ends nothing')
  assert.equal(warnings(view).length, 1)
  assert.doesNotMatch(view.text, /ends in/, 'no byte of it is in the stream')
})

test('a longer one is warned of five minutes and one minute before', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('cat', { expiresAt: inSeconds(303) }))
  const view = (await host.view()).attach()
  assert.match((await view.gets('notice')).text, /^this session ends in 5 minutes: /)
  await host.call('POST', '/update', { ...NAMES, expiresAt: inSeconds(63), idleSeconds: null })
  await eventually('the other', () => /^this session ends in 1 minute: /.test(warnings(view).at(-1) ?? ''))
})

test('an end by idleness is warned of, and put off by typing', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('cat', { idleSeconds: 4 }))
  const view = (await host.view()).attach()
  const warning = /^this session ends in (2 seconds|1 second): nothing happens in it; typing keeps it$/
  await eventually('a warning', () => warning.test(warnings(view).at(-1) ?? ''))
  assert.equal((await expiring(host))?.because, 'idle')
  view.type('x')
  await eventually('no end is near', async () => (await expiring(host)) === null)
  await eventually('another warning', () => warnings(view).length === 2)
  await eventually('the end', async () => (await expiring(host))?.due === true)
})

test('new limits count from now and stand in the claim; bad ones change nothing', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('cat', { expiresAt: inSeconds(2), idleSeconds: 2 }))
  await eventually('an end is near', async () => (await expiring(host)) !== null)
  const limits = { ...NAMES, expiresAt: inSeconds(600), idleSeconds: 900 }
  for (const body of [{}, { ...limits, more: 1 }, { ...limits, idleSeconds: 0 }]) {
    assert.equal((await host.call('POST', '/update', body)).status, 400)
  }
  assert.equal((await host.call('POST', '/update', limits)).status, 200)
  const { claim, activity, expiring: now } = await host.status()
  assert.deepEqual([claim?.expiresAt, claim?.idleSeconds, now], [limits.expiresAt, 900, null])
  assert.equal(activity.because, 'extended')
  await host.call('POST', '/update', { ...limits, name: 'other', labels: { a: '1' } })
  const after = await host.status()
  assert.deepEqual([after.claim?.name, after.claim?.labels], ['other', { a: '1' }])
  assert.equal(after.activity.at, activity.at, 'another name is no activity')
})
