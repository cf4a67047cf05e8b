/** Input for a program that does not read: bounded, told to those who type, and not lost. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { MAX_MESSAGE_BYTES } from '@holdfast/protocol'
import { eventually, shell, startHost } from './harness.ts'

const MiB = 1024 * 1024
/** A program that does not read before the signal USR1 comes. */
const readsAfterSignal = (then: string) => shell(`stty raw -echo; trap : USR1; echo ready; sleep 60 & wait; ${then}`)

test('input that waits is told to all who may type, newcomers too, and when it flows again', async (t) => {
  const host = await startHost(t)
  await host.claim(readsAfterSignal('head -c 200000 | sha256sum; sleep 60'))
  const paste = Buffer.alloc(200_000, 'x')
  const typist = (await host.view()).attach({ client: 'typist' })
  const watcher = (await host.view({ mode: 'ro' })).attach({ client: 'watcher' })
  await typist.shows('ready')
  typist.type(paste)
  const { blocked, waiting } = await typist.gets('input')
  assert.equal(blocked, true)
  assert.ok(waiting > 100_000 && waiting < paste.length, `${waiting} bytes wait`)
  const late = (await host.view()).attach({ client: 'late' })
  assert.deepEqual(await late.gets('input'), { type: 'input', blocked, waiting })
  assert.equal((await host.call('POST', '/signal', { name: 'USR1' })).status, 200)
  await typist.shows(createHash('sha256').update(paste).digest('hex'))
  for (const view of [typist, late]) {
    await eventually('the all-clear', () => view.find('input')?.blocked === false)
  }
  assert.equal(watcher.find('input'), undefined, 'who may not type needs not know')
})

test('what several clients paste into a program that does not read is bounded, refused by HTTP, and arrives later', async (t) => {
  const letters = ['a', 'b', 'c', 'd']
  const count = `head -c ${letters.length * 4 * MiB} >all; for l in ${letters.join(' ')}; do tr -cd $l <all | wc -c; done; echo counted`
  const host = await startHost(t)
  await host.claim(readsAfterSignal(count))
  const views = await Promise.all(letters.map(async (client) => (await host.view()).attach({ client })))
  await Promise.all(views.map((view) => view.shows('ready')))
  for (const [i, view] of views.entries()) {
    for (let sent = 0; sent < 4 * MiB; sent += 64 * 1024) view.type(Buffer.alloc(64 * 1024, letters[i]))
  }
  await Promise.all(views.map((view) => view.gets('input')))
  const accepted = () => views.reduce((sum, view) => sum + (view.find('input-ack')?.offset ?? 0), 0)
  // One bound for all, and beside it what each connection had delivered already.
  assert.ok(accepted() <= MiB + letters.length * MAX_MESSAGE_BYTES, `${accepted()} bytes accepted`)
  const refused = await host.call('POST', '/input', { text: 'x' })
  assert.deepEqual([refused.status, refused.json().code], [429, 'TOO_MANY'])
  assert.equal((await host.call('POST', '/signal', { name: 'USR1' })).status, 200)
  await views[0]?.shows('counted')
  assert.equal(views[0]?.text.match(new RegExp(`^\\s*${4 * MiB}\\s`, 'gm'))?.length, letters.length)
})
