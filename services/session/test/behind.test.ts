/** Viewers that are behind: one that only hiccups goes on where it is, one that stands still is skipped ahead. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { WINDOW_BYTES } from '@holdfast/protocol'
import { FarStream } from './far-stream.ts'
import { eventually } from './harness.ts'

const REPLAY_BYTES = 128 * 1024
const PIECE_BYTES = 16 * 1024
/** Whatever was acknowledged, it was a moment ago. */
const ALWAYS_MS = 10_000_000

/** A viewer that has taken a whole window and acknowledged nothing of it. */
const behindAWindow = async (t: TestContext, hiccupMs: number) => {
  const far = new FarStream(t, { replayBytes: REPLAY_BYTES, limits: { hiccupMs } })
  const view = await (await far.serve())()
  view.acks = false
  await view.attach({ client: 'slow' }).gets('attached')
  /** As a command would, in pieces, of which the viewer takes each that it may. */
  const print = async (bytes: number): Promise<void> => {
    for (let done = 0; done < bytes; done += PIECE_BYTES) {
      far.print(Buffer.alloc(PIECE_BYTES, 'x'))
      await eventually('the piece', () => view.offset === Math.min(far.end, WINDOW_BYTES))
    }
  }
  await print(WINDOW_BYTES)
  const goOn = async (): Promise<void> => {
    view.acks = true
    view.send({ type: 'ack', offset: view.offset })
    await eventually('all of it', () => view.offset === far.end)
  }
  const held = () => far.end - far.stream.state.start
  return { far, view, print, goOn, held }
}

test('a viewer that acknowledged a moment ago is not skipped while it is less than four buffers behind', async (t) => {
  const { far, view, print, goOn } = await behindAWindow(t, ALWAYS_MS)
  await print(3 * REPLAY_BYTES)
  assert.ok(far.stream.state.start <= WINDOW_BYTES)
  await goOn()
  assert.equal(view.snapshots.length, 0)
  assert.equal(view.output.length, far.end)
})

test('beyond four buffers it is skipped ahead, and no more is kept for it', async (t) => {
  const { view, print, goOn, held } = await behindAWindow(t, ALWAYS_MS)
  await print(6 * REPLAY_BYTES)
  assert.ok(held() <= 5 * REPLAY_BYTES, `${held()} bytes`)
  await goOn()
  assert.equal(view.snapshots.length, 1)
})

test('for a viewer that has acknowledged nothing for so long nothing more is kept', async (t) => {
  const { view, print, goOn, held } = await behindAWindow(t, 0)
  await print(3 * REPLAY_BYTES)
  assert.ok(held() <= 2 * REPLAY_BYTES, `${held()} bytes`)
  await goOn()
  assert.equal(view.snapshots.length, 1)
})
