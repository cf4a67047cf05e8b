/** Viewers that are behind: one that only hiccups goes on where it is, one that stands still is skipped ahead. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { WINDOW_BYTES } from '@holdfast/protocol'
import { stopClock } from './clock.ts'
import { FarStream } from './far-stream.ts'
import { eventually } from './harness.ts'

const REPLAY_BYTES = 128 * 1024
const PIECE_BYTES = 16 * 1024

/** A viewer that has taken a whole window and acknowledged nothing of it. */
const behindAWindow = async (t: TestContext) => {
  const far = new FarStream(0, REPLAY_BYTES)
  const view = await (await far.serve(t))()
  view.acks = false
  await view.attach({ client: 'slow' }).gets('attached')
  /** As a command would, in pieces with turns of the event loop between. */
  const print = async (bytes: number): Promise<void> => {
    for (let done = 0; done < bytes; done += PIECE_BYTES) {
      far.print(Buffer.alloc(PIECE_BYTES, 'x'))
      far.attachments.pump()
      await new Promise((turn) => setImmediate(turn))
    }
  }
  await print(WINDOW_BYTES)
  await eventually('the window', () => view.offset === WINDOW_BYTES)
  const goOn = async (): Promise<void> => {
    view.acks = true
    view.send({ type: 'ack', offset: view.offset })
    await eventually('all of it', () => view.offset === far.replay.end)
  }
  return { far, view, print, goOn }
}

test('a viewer that acknowledged a moment ago is not skipped while it is less than four buffers behind', async (t) => {
  stopClock(t)
  const { far, view, print, goOn } = await behindAWindow(t)
  await print(3 * REPLAY_BYTES)
  assert.ok(far.replay.start <= WINDOW_BYTES)
  await goOn()
  assert.equal(view.snapshots.length, 0)
  assert.equal(view.output.length, far.replay.end)
})

test('beyond four buffers it is skipped ahead, and no more is kept for it', async (t) => {
  stopClock(t)
  const { far, view, print, goOn } = await behindAWindow(t)
  await print(6 * REPLAY_BYTES)
  assert.ok(far.replay.end - far.replay.start <= 5 * REPLAY_BYTES, `${far.replay.end - far.replay.start} bytes`)
  await goOn()
  assert.equal(view.snapshots.length, 1)
})

test('for a viewer that has acknowledged nothing for a second nothing more is kept', async (t) => {
  const clock = stopClock(t)
  const { far, view, print, goOn } = await behindAWindow(t)
  clock.pass(1001)
  await print(3 * REPLAY_BYTES)
  assert.ok(far.replay.end - far.replay.start <= 2 * REPLAY_BYTES, `${far.replay.end - far.replay.start} bytes`)
  await goOn()
  assert.equal(view.snapshots.length, 1)
})
