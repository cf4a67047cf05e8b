/** Streams longer than 2^32 bytes: resuming, acknowledging, skipping and counted input beyond what 32 bits hold. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { WINDOW_BYTES } from '@holdfast/protocol'
import { FarStream } from './far-stream.ts'
import { fifoStream } from './fifo.ts'
import { binary, connection } from './frames.ts'
import { eventually } from './harness.ts'

/** The byte at an offset follows from it. */
const bytesFrom = (offset: number, length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => 0x30 + ((offset + i) % 67)))

for (const base of [2 ** 32 - 100 * 1024, 2 ** 33 + 5, 2 ** 52]) {
  const serve = async (t: TestContext, replayBytes: number) => {
    const far = new FarStream(t, { base, replayBytes })
    const view = await far.serve()
    const print = (length: number) => far.print(bytesFrom(far.end, length))
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
      await eventually('all output', () => one.offset === far.end)
      assert.ok(one.output.equals(bytesFrom(offset, far.end - offset)), 'the output differs')
      offset = one.offset
      one.socket.close()
      await one.closed
    }
    assert.ok(offset - base > 3 * WINDOW_BYTES, 'more than a window of it')
    assert.equal(far.looks, 0, 'the screen, which a new session does not have yet, was asked for')
  })

  test(`from offset ${base} on a client whose place is gone gets a snapshot with its offset, and the stream from there`, async (t) => {
    const { far, view, print } = await serve(t, 100 * 1024)
    print(300 * 1024)
    const one = (await view()).attach({ epoch: 'far', offset: base })
    const snapshot = await one.gets('snapshot')
    assert.equal(snapshot.offset, far.end)
    print(5000)
    await eventually('the rest', () => one.offset === far.end)
    assert.ok(one.output.equals(bytesFrom(snapshot.offset, 5000)))
  })

  test(`input beyond ${base} bytes of one client is counted exactly`, async (t) => {
    const { socket, client } = await connection(t, fifoStream(t, {}).stream)
    socket.join({ typing: true, raw: false, typed: base })
    socket.resume()
    client.send(binary('x'.repeat(50_000)), binary('y'.repeat(50_000)), binary('z'))
    await eventually('the acknowledgement', () =>
      client.text.endsWith(`{"type":"input-ack","offset":${base + 100_001}}`),
    )
    assert.equal(socket.part(), base + 100_001)
  })
}
