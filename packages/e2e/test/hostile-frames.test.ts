/** Frames that break RFC 6455, through a real gateway to a real host and to the host directly: the right close, and nobody else notices. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { SUBPROTOCOL } from '@holdfast/protocol'
import fc from 'fast-check'
import { Attachment } from '../../client/src/attachment.ts'
import { defaultSocket } from '../../client/src/node-socket.ts'
import { eventually, type HostProcess, Line, residentMib } from './support/line.ts'
import { frame, OPCODE, RawSocket, text, upgradeRequest } from './support/raw-socket.ts'

const FIN = 0x80
const ATTACH = text({ type: 'attach', client: 'hostile', cols: 80, rows: 24 })
const binary = (payload: string | Uint8Array) => frame({ first: FIN | OPCODE.binary, payload })
const closeWith = (code: number) =>
  frame({ first: FIN | OPCODE.close, payload: new Uint8Array([code >> 8, code & 0xff]) })
const MIB = 1024 * 1024

/** What is sent after `attach`, and the code of the close that answers. */
const offences: Record<string, [bytes: Buffer, code: number]> = {
  'a reserved bit': [frame({ first: FIN | 0x40 | OPCODE.binary, payload: 'x' }), 1002],
  'all reserved bits': [frame({ first: FIN | 0x70 | OPCODE.text, payload: '{}' }), 1002],
  'a reserved data opcode': [frame({ first: FIN | 3, payload: 'x' }), 1002],
  'a reserved control opcode': [frame({ first: FIN | 11, payload: 'x' }), 1002],
  'a frame without mask': [frame({ first: FIN | OPCODE.binary, payload: 'x', masked: false }), 1002],
  'a ping of 126 bytes': [frame({ first: FIN | OPCODE.ping, payload: 'x'.repeat(126) }), 1002],
  'a ping that announces 2^40 bytes': [frame({ first: FIN | OPCODE.ping, length: 2n ** 40n }), 1002],
  'a fragmented ping': [frame({ first: OPCODE.ping, payload: 'x' }), 1002],
  'a continuation of nothing': [frame({ first: FIN | OPCODE.continuation, payload: 'x' }), 1002],
  'a message inside another': [Buffer.concat([frame({ first: OPCODE.binary, payload: 'a' }), binary('b')]), 1002],
  'text that is no UTF-8': [frame({ first: FIN | OPCODE.text, payload: new Uint8Array([0xc3, 0x28]) }), 1007],
  'text that is no JSON': [text('{"type":'), 1008],
  'JSON that is no message': [text('[1]'), 1008],
  'JSON of depth 100,000': [text('['.repeat(100_000)), 1008],
  'a number beyond all offsets': [text('{"type":"ack","offset":1e999}'), 1008],
  'a message above 1 MiB': [frame({ first: FIN | OPCODE.binary, length: BigInt(MIB + 1) }), 1009],
  'fragments that are above 1 MiB together': [
    Buffer.concat([frame({ first: OPCODE.binary, payload: Buffer.alloc(MIB) }), frame({ first: FIN, payload: 'x' })]),
    1009,
  ],
  'a length of 2^53': [frame({ first: FIN | OPCODE.binary, length: 2n ** 53n }), 1009],
  'a length of 2^64 - 1': [frame({ first: FIN | OPCODE.binary, length: 2n ** 64n - 1n }), 1009],
  '2,000 fragments of nothing': [
    Buffer.concat([frame({ first: OPCODE.binary }), ...Array.from({ length: 2_000 }, () => frame({ first: 0 }))]),
    1008,
  ],
  'a close of one byte': [frame({ first: FIN | OPCODE.close, payload: 'x' }), 1002],
  'a close code that does not exist': [closeWith(999), 1002],
  'a close code that may not be sent': [closeWith(1006), 1002],
  'a close whose reason is no UTF-8': [
    frame({ first: FIN | OPCODE.close, payload: new Uint8Array([3, 232, 0xc3, 0x28]) }),
    1007,
  ],
  'data after a close': [Buffer.concat([closeWith(1000), binary('echo never\n')]), 1000],
}

describe('hostile frames', () => {
  let line: Line
  let host: HostProcess
  let bystander: Attachment
  let seen = ''
  before(async () => {
    line = await Line.start()
    host = await line.session('cat', [])
    const url = `ws://127.0.0.1:${line.port}/v1/sessions/${host.session}/attach`
    const dial = async () => defaultSocket(url, [SUBPROTOCOL], { authorization: `Bearer ${line.key}` })
    bystander = new Attachment(dial, {
      onOutput: (bytes, parsed) => {
        seen += Buffer.from(bytes)
        parsed()
      },
    })
  })
  after(async () => {
    bystander.detach()
    await line.stop()
  })

  const ways = {
    'through the gateway': () => ({
      target: { port: line.port, host: '127.0.0.1' },
      path: `/v1/sessions/${host.session}/attach`,
      token: line.key,
    }),
    'to the host': () => ({ target: { path: host.path }, path: '/attach', token: host.grant('attach') }),
  }
  const opened = async (way: keyof typeof ways): Promise<RawSocket> => {
    const { target, path, token } = ways[way]()
    const raw = new RawSocket(target)
    await raw.send(Buffer.from(upgradeRequest(path, token)))
    await eventually('the upgrade', () => raw.answer !== '')
    assert.match(raw.answer, /^HTTP\/1.1 101/)
    return raw
  }
  let count = 0
  /** The same view goes on: no reconnect, and the echo of what it types. */
  const bystanderIsFine = async (): Promise<void> => {
    const mark = `mark-${++count}.`
    bystander.write(`${mark}\n`)
    await eventually('the echo', () => seen.split(mark).length === 3)
    assert.ok(host.alive && line.gatewayAlive)
  }

  for (const way of Object.keys(ways) as (keyof typeof ways)[]) {
    test(`${way}, each offence is closed with its code`, async () => {
      for (const [what, [bytes, code]] of Object.entries(offences)) {
        const raw = await opened(way)
        await raw.send(Buffer.concat([ATTACH, bytes]))
        await eventually(`a close after ${what}`, () => raw.socket.closed || raw.closeCode !== undefined)
        assert.equal(raw.closeCode, code, what)
        raw.socket.destroy()
      }
      assert.ok(!seen.includes('never'), 'nothing is typed after a close')
      await bystanderIsFine()
    })

    test(`${way}, random bytes in random pieces harm nobody`, async (t) => {
      const seed = Date.now() % 1e9
      t.diagnostic(`seed ${seed}`)
      const hostile = fc.record({
        first: fc.integer({ min: 0, max: 255 }),
        payload: fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ maxLength: 200 }), fc.json()),
        masked: fc.boolean(),
        length: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined, freq: 6 }),
      })
      const anything = fc.array(fc.oneof(hostile.map(frame), fc.json().map(text), fc.uint8Array({ maxLength: 300 })), {
        maxLength: 8,
      })
      const property = fc.asyncProperty(anything, fc.boolean(), fc.nat(60), async (parts, attaches, cut) => {
        const raw = await opened(way)
        const bytes = Buffer.concat([...(attaches ? [ATTACH] : []), ...parts])
        await raw.send(bytes.subarray(0, cut))
        await raw.send(bytes.subarray(cut))
        raw.socket.end()
        await raw.closed
      })
      await fc.assert(property, { seed, numRuns: 120 })
      await bystanderIsFine()
    })
  }

  test('many tiny fragments of messages that never end cost no memory', async () => {
    const raws = await Promise.all(Array.from({ length: 20 }, () => opened('through the gateway')))
    const before = residentMib(host.pid)
    const piece = Buffer.concat(Array.from({ length: 1000 }, () => frame({ first: 0, payload: 'x' })))
    for (const raw of raws) {
      await raw.send(Buffer.concat([ATTACH, frame({ first: OPCODE.binary, payload: 'x' })]))
      for (let sent = 0; sent < 15; sent++) await raw.send(piece)
    }
    await bystanderIsFine()
    const grown = residentMib(host.pid) - before
    assert.ok(grown < 60, `the host grew by ${grown} MiB`)
    for (const raw of raws) raw.socket.destroy()
  })

  test('requests that are not ended, too long or doubled are refused', async () => {
    const { target, path, token } = ways['through the gateway']()
    const answerTo = async (protocols: string): Promise<string> => {
      const raw = new RawSocket(target)
      await raw.send(Buffer.from(upgradeRequest(path, token, protocols)))
      await eventually('an answer', () => raw.answer !== '')
      raw.socket.destroy()
      return raw.answer.slice(9, 12)
    }
    assert.equal(await answerTo('x'.repeat(60_000)), '431')
    assert.equal(await answerTo(Array.from({ length: 1000 }, (_, n) => `p${n}`).join(', ')), '400')
    assert.equal(await answerTo(`${SUBPROTOCOL}, ${SUBPROTOCOL}`), '101')
    const slow = Array.from({ length: 200 }, () => new RawSocket(target))
    for (const raw of slow) await raw.send(Buffer.from(upgradeRequest(path, token).slice(0, 50)))
    await bystanderIsFine()
    for (const raw of slow) raw.socket.destroy()
    const garbage = new RawSocket(target)
    await garbage.send(randomBytes(20_000))
    await garbage.closed
    await bystanderIsFine()
  })
})
