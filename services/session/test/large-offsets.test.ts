/** Streams longer than 2^32 bytes: resuming, acknowledging, skipping and counted input beyond what 32 bits hold. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { WINDOW_BYTES } from '@holdfast/protocol'
import { ClientInputs } from '../src/client-inputs.ts'
import { FarStream } from './far-stream.ts'
import { eventually } from './harness.ts'

/** The byte at an offset follows from it. */
const bytesFrom = (offset: number, length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => 0x30 + ((offset + i) % 67)))

for (const base of [2 ** 32 - 100 * 1024, 2 ** 33 + 5, 2 ** 52]) {
  const serve = async (t: TestContext, replayBytes: number) => {
    const far = new FarStream(base, replayBytes)
    const view = await far.serve(t)
    const print = (length: number) => far.print(bytesFrom(far.replay.end, length))
    return { far, view, print }
  }

  test(`from offset ${base} on a client goes on at its byte, again and again, and its acks keep the window open`, async (t) => {
    const { far, view, print } = await serve(t, 8 * WINDOW_BYTES)
    print(1000)
    let offset = base + 500
    for (let round = 0; round < 6; round++) {
      const one = (await view()).attach({ epoch: 'far', offset })
      assert.deepEqual(await one.gets('attached').then((message) => [message.resume, message.offset]), [
        'delta',
        offset,
      ])
      print(WINDOW_BYTES / 2 + 12_345)
      await eventually('all output', () => one.offset === far.replay.end)
      assert.ok(one.output.equals(bytesFrom(offset, far.replay.end - offset)), 'the output differs')
      offset = one.offset
      one.socket.close()
      await one.closed
    }
    assert.ok(offset - base > 3 * WINDOW_BYTES, 'more than a window of it')
  })

  test(`from offset ${base} on a client whose place is gone gets a snapshot with its offset, and the stream from there`, async (t) => {
    const { far, view, print } = await serve(t, 100 * 1024)
    print(300 * 1024)
    print(10) // what a snapshot stands for may be forgotten now
    const one = (await view()).attach({ epoch: 'far', offset: base })
    const snapshot = await one.gets('snapshot')
    assert.equal(snapshot.offset, far.replay.end)
    print(5000)
    await eventually('the rest', () => one.offset === far.replay.end)
    assert.ok(one.output.equals(bytesFrom(snapshot.offset, 5000)))
  })

  test(`input beyond ${base} bytes of one client is counted exactly`, () => {
    const inputs = new ClientInputs(() => true)
    inputs.add('one', base)
    inputs.add('one', 200 * 1024)
    inputs.add('one', 1)
    assert.equal(inputs.offsetOf('one'), base + 200 * 1024 + 1)
  })
}
