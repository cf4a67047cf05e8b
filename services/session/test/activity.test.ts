/** What keeps a session from being idle, and what does not, on a real terminal. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Claim } from '@holdfast/protocol'
import { claimOf, eventually, shell, startHost, type TestHost } from './harness.ts'

const IDLE_SECONDS = 1

const start = async (t: TestContext, claim: Claim): Promise<TestHost> => {
  const host = await startHost(t)
  await host.claim({ ...claim, idleSeconds: IDLE_SECONDS })
  return host
}

const idleMs = async (host: TestHost): Promise<number> => Date.now() - Date.parse((await host.status()).activity.at)

const becomesIdle = (host: TestHost) => eventually('idle', async () => (await idleMs(host)) > 2 * IDLE_SECONDS * 1000)

/** Its last activity is this one, and stays younger than the limit for three of them. */
const staysActive = async (host: TestHost, because: string): Promise<void> => {
  const from = Date.now()
  await eventually(`activity: ${because}`, async () => (await host.status()).activity.because === because)
  /** When the machine stood still, nothing was active, and nobody looked: the longest time between two looks of ours. */
  let stoodStillMs = 0
  let lookedAt = Date.now()
  await eventually('the time', async () => {
    const ms = await idleMs(host)
    stoodStillMs = Math.max(stoodStillMs, Date.now() - lookedAt)
    lookedAt = Date.now()
    assert.ok(ms < IDLE_SECONDS * 1000 + stoodStillMs, `idle for ${ms} ms`)
    return Date.now() - from > 3 * IDLE_SECONDS * 1000
  })
  assert.equal((await host.status()).activity.because, because)
}

const interactive = claimOf('bash', ['--norc', '--noprofile', '-i'], { env: { PS1: '$ ' } })

test('a command that computes without a word is active', async (t) => {
  await staysActive(await start(t, shell('while :; do :; done')), 'cpu')
})

test('so is one whose many short children compute', async (t) => {
  await staysActive(await start(t, shell('while :; do sh -c "exit 0"; done')), 'cpu')
})

test('output is activity', async (t) => {
  await staysActive(await start(t, shell('while :; do echo tick; sleep 0.2; done')), 'bytes')
})

test('an open view is none, but coming and going is', async (t) => {
  const host = await start(t, shell('cat'))
  await becomesIdle(host)
  const view = (await host.view()).attach()
  await view.gets('attached')
  assert.equal((await host.status()).activity.because, 'viewers')
  await becomesIdle(host)
  assert.equal((await host.status()).viewers, 1)
  view.type('x')
  await view.shows('x')
  assert.equal((await host.status()).activity.because, 'bytes')
})

test('a quiet job of the shell is activity until it ends; the shell at its prompt is not', async (t) => {
  const host = await start(t, interactive)
  await becomesIdle(host)
  await host.call('POST', '/input', { text: 'sleep 600\n' })
  await staysActive(host, 'job')
  await host.call('POST', '/signal', { name: 'INT' })
  await becomesIdle(host)
})

test('a job that takes keys, like an editor, waits for its user and is idle', async (t) => {
  const host = await start(t, interactive)
  await host.call('POST', '/input', { text: "sh -c 'stty raw -echo; exec sleep 600'\n" })
  await becomesIdle(host)
})

test('a job in the background that does nothing is idle', async (t) => {
  const host = await start(t, interactive)
  await host.call('POST', '/input', { text: 'sleep 600 &\n' })
  await becomesIdle(host)
})
