/** Waiting for a session: woken by what memory hears, without asking the store; the store is asked when nothing is heard. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SessionRecord, SessionStore } from '@holdfast/session-store'
import { eachBounded } from '../src/bounded.ts'
import { createLive } from '../src/live.ts'
import { settle } from '../src/settle.ts'

const record = (rev: number, phase: SessionRecord['phase']): SessionRecord =>
  ({ id: 'local-1', tenant: 'acme', fence: 1, rev, phase, hostId: 'h' }) as SessionRecord
const ref = { tenant: 'acme', id: 'local-1' }
const isRunning = (now: SessionRecord | null): boolean => now?.phase === 'running'

/** A store that counts how often it is asked, and answers with this. */
const storeOf = (answer: SessionRecord | null) => {
  const asked = { times: 0 }
  const get = async () => {
    asked.times++
    return answer
  }
  return { store: { get } as unknown as SessionStore, asked }
}

test('what this replica writes itself ends the wait without a look into the store', async () => {
  const { store, asked } = storeOf(null)
  const live = createLive()
  live.put(record(1, 'pending'))
  const settled = settle({ store, live }, ref, isRunning, 60_000, new AbortController().signal)
  live.put(record(2, 'starting'))
  live.put(record(3, 'running'))
  assert.equal((await settled)?.rev, 3)
  assert.equal(asked.times, 0)
})

test('what memory does not hear of is found in the store', async () => {
  const { store } = storeOf(record(3, 'running'))
  const live = createLive()
  live.put(record(1, 'pending'))
  assert.equal((await settle({ store, live }, ref, isRunning, 60_000, new AbortController().signal))?.rev, 3)
})

test('a session that is removed is gone, and a wait that is called off ends with what is known', async () => {
  const { store } = storeOf(null)
  const live = createLive()
  live.put(record(1, 'running'))
  const gone = settle({ store, live }, ref, (now) => now === null, 60_000, new AbortController().signal)
  live.remove('local-1')
  assert.equal(await gone, null)
  live.put(record(1, 'pending'))
  const drain = new AbortController()
  const waiting = settle({ store, live }, ref, isRunning, 60_000, drain.signal)
  drain.abort()
  assert.equal((await waiting)?.phase, 'pending')
})

test('bounded work does everything once, and no more at one time than it may', async () => {
  const done: number[] = []
  let [now, most] = [0, 0]
  await eachBounded([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++now)
    await new Promise(setImmediate)
    now--
    done.push(item)
  })
  assert.deepEqual(done.sort(), [1, 2, 3, 4, 5, 6, 7])
  assert.equal(most, 3)
})
