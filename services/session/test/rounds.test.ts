/** Many viewers are sent output in rounds; who controls waits for none of them. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { FarStream } from './far-stream.ts'
import { eventually } from './harness.ts'

const VIEWERS = 21
/** No round but the first comes by itself while a test runs. */
const NEVER_MS = 10_000_000

/** That many viewers, the last of whom controls. */
const audience = async (t: TestContext) => {
  const far = new FarStream(t, { limits: { floodMs: NEVER_MS, roundMs: NEVER_MS } })
  const open = await far.serve()
  const views = []
  for (let i = 0; i < VIEWERS; i++) {
    const view = (await open()).attach({ client: `c${i}` })
    await view.gets('attached')
    views.push(view)
  }
  const controller = views[VIEWERS - 1]
  assert.ok(controller)
  return { far, controller, others: views.slice(0, -1) }
}

test('after the first piece the controller gets each at once, the others all of them together', async (t) => {
  const { far, controller, others } = await audience(t)
  far.print(Buffer.from('0123456789'))
  for (const view of [controller, ...others]) await view.shows('0123456789')
  for (let piece = 2; piece <= 5; piece++) {
    far.print(Buffer.from('0123456789'))
    await eventually('the piece', () => controller.offset === piece * 10)
  }
  assert.deepEqual(
    others.map(({ offset }) => offset),
    Array(VIEWERS - 1).fill(10),
  )
  far.stream.finish() // a last round
  for (const view of others) {
    await eventually('the rest', () => view.offset === 50)
    assert.deepEqual(
      view.chunks.map(({ length }) => length),
      [10, 40],
    )
  }
})

test('of a flood the controller too gets larger pieces', async (t) => {
  const { far, controller } = await audience(t)
  for (let piece = 0; piece < 8; piece++) far.print(Buffer.alloc(4096, 'x'))
  far.stream.finish()
  await eventually('the rest', () => controller.offset === 8 * 4096)
  assert.deepEqual(
    controller.chunks.map(({ length }) => length),
    [4096, 7 * 4096],
  )
})
