/** Floods of control messages and of attachments: bounded memory, and the other viewer of the same session gets every byte. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type AttachedMessage, MAX_ATTACHMENTS, SUBPROTOCOL } from '@holdfast/protocol'
import { Attachment } from '../../client/src/attachment.ts'
import { defaultSocket } from '../../client/src/node-socket.ts'
import { eventually, type HostProcess, Line, residentMib } from './support/line.ts'
import { frame, OPCODE, RawSocket, text, upgradeRequest } from './support/raw-socket.ts'

/** Numbered lines for ever, a hundred a second. */
const COUNTER = 'stty raw -echo; for ((i = 0; ; i++)); do echo $i; sleep 0.01; done'
/** V8 lets tens of MiB of garbage lie under load; this bounds what is kept besides. */
const MAX_GROWTH_MIB = 80

const attach = (client: string, more: object = {}) => text({ type: 'attach', client, cols: 80, rows: 24, ...more })

describe('floods', () => {
  let line: Line
  let host: HostProcess
  let bystander: Attachment
  let output = ''
  const begun: AttachedMessage[] = []
  before(async () => {
    line = await Line.start()
    host = await line.session('bash', ['-c', COUNTER])
    const url = `ws://127.0.0.1:${line.port}/v1/sessions/${host.session}/attach`
    const dial = async () => defaultSocket(url, [SUBPROTOCOL], { authorization: `Bearer ${line.key}` })
    bystander = new Attachment(dial, {
      onOutput: (bytes, parsed) => {
        output += Buffer.from(bytes)
        parsed()
      },
      onSnapshot: () => assert.fail('it was skipped'),
      onMessage: (message) => {
        if (message.type === 'attached') begun.push(message)
      },
    })
    await eventually('output', () => output !== '')
  })
  after(async () => {
    bystander.detach()
    await line.stop()
  })

  const opened = async (protocols?: string): Promise<RawSocket> => {
    const raw = new RawSocket({ port: line.port, host: '127.0.0.1' })
    await raw.send(Buffer.from(upgradeRequest(`/v1/sessions/${host.session}/attach`, line.key, protocols)))
    await eventually('an answer', () => raw.answer !== '')
    return raw
  }

  /** All lines so far in their order, over one connection, and more of them come. */
  const bystanderIsFine = async (): Promise<void> => {
    const length = output.length
    await eventually('more output', () => output.length > length + 20)
    const lines = output.split('\n').slice(0, -1)
    assert.ok(
      lines.every((number, at) => number === String(at)),
      'a line is missing',
    )
    assert.equal(begun.length, 1, 'it had to reconnect')
    assert.ok(host.alive && line.gatewayAlive)
  }

  const floods: [what: string, count: number, message: (n: number) => Buffer][] = [
    ['resizes', 100_000, (n) => text({ type: 'resize', cols: 80 + (n % 100), rows: 24 + (n % 30) })],
    ['signals', 10_000, () => text({ type: 'signal', name: 'CONT' })],
    ['pings', 100_000, (n) => text({ type: 'ping', id: n })],
    ['takes and releases', 50_000, (n) => text({ type: 'control', action: n % 2 === 0 ? 'take' : 'release' })],
    ['wrong acks', 100_000, (n) => text({ type: 'ack', offset: n % 2 === 0 ? Number.MAX_SAFE_INTEGER - n : 0 })],
    ['messages of unknown types', 100_000, (n) => text({ type: `__proto__${n % 3}`, deep: [[[n]]] })],
    ['WebSocket pings', 100_000, () => frame({ first: 0x80 | OPCODE.ping, payload: 'x'.repeat(125) })],
  ]
  for (const [what, count, message] of floods) {
    test(`${count} ${what}, nothing read: host and gateway stay small, the other view is whole`, async (t) => {
      const before = [residentMib(host.pid), residentMib(line.gatewayPid)]
      const raw = await opened()
      await raw.send(attach('flooder'))
      raw.socket.pause()
      const batch = 1000
      const peak = [0, 0]
      for (let sent = 0; sent < count && !raw.socket.destroyed; sent += batch) {
        await raw.send(Buffer.concat(Array.from({ length: batch }, (_, n) => message(sent + n))))
        const now = [residentMib(host.pid), residentMib(line.gatewayPid)]
        for (const [at, mib] of now.entries()) peak[at] = Math.max(peak[at] ?? 0, mib - (before[at] ?? 0))
      }
      raw.socket.resume()
      if (what !== 'WebSocket pings') await raw.send(text({ type: 'ping', id: 'last' }))
      const answered = () => raw.messages.some(({ id }) => id === 'last')
      await eventually('an answer behind the flood, or the end', () => raw.socket.closed || answered())
      raw.socket.destroy()
      await bystanderIsFine()
      const said = peak.map((mib) => `${mib.toFixed(1)} MiB`).join(', ')
      t.diagnostic(`peak growth of host and gateway: ${said}`)
      assert.ok(Math.max(...peak) < MAX_GROWTH_MIB, `grew by ${said}`)
    })
  }

  test('five hundred clients that come, type and go leave nothing behind', async () => {
    const before = residentMib(host.pid)
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, n) => {
          const raw = await opened()
          await raw.send(
            Buffer.concat([attach(`c${round}-${n}`), frame({ first: 0x80 | OPCODE.binary, payload: 'x' })]),
          )
          await eventually('attached', () => raw.messages.length > 0)
          raw.socket.destroy()
          await raw.closed
        }),
      )
    }
    await eventually('only one view is left', async () => (await host.status()).viewers === 1)
    await bystanderIsFine()
    const grown = residentMib(host.pid) - before
    assert.ok(grown < MAX_GROWTH_MIB, `the host grew by ${grown} MiB`)
  })

  test(`beyond ${MAX_ATTACHMENTS} attachments a session refuses with 429, and takes new ones when some have gone`, async () => {
    const raws = await Promise.all(Array.from({ length: MAX_ATTACHMENTS + 20 }, () => opened()))
    const accepted = raws.filter(({ answer }) => answer.startsWith('HTTP/1.1 101'))
    const refused = raws.filter(({ answer }) => answer.startsWith('HTTP/1.1 429'))
    assert.equal(accepted.length, MAX_ATTACHMENTS - 1)
    assert.equal(refused.length, 21)
    await Promise.all(accepted.map((raw, n) => raw.send(attach(`many-${n}`))))
    await eventually('all get output', () => accepted.every(({ frames }) => frames.some(({ opcode }) => opcode === 2)))
    await bystanderIsFine()
    for (const raw of raws) raw.socket.destroy()
    await eventually('they are gone', async () => (await host.status()).viewers === 1)
    const again = await opened()
    assert.match(again.answer, /^HTTP\/1.1 101/)
    again.socket.destroy()
  })
})
