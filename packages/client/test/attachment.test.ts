import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { ACK_BYTES, closeIsRetryable, ERRORS, HoldfastError } from '@holdfast/protocol'
import { HoldfastClient } from '../src/index.ts'
import { FakeHost } from './fake-host.ts'
import { Recorder } from './recorder.ts'

let host: FakeHost
let client: HoldfastClient
let seen: Recorder

beforeEach(async () => {
  host = await FakeHost.start()
  client = new HoldfastClient({ url: host.url, key: 'hf_test' })
  seen = new Recorder()
})
afterEach(() => host.stop())

const attach = (options = {}) => client.attach('s', { ...seen.options(), ...options })

test('the credentials go in a header, the first message says who attaches, and the whole output follows', async () => {
  host.print('hello ')
  const attachment = attach({ cols: 100, rows: 30, client: 'me' })
  await seen.until(() => seen.text === 'hello ')
  host.print('world')
  await seen.until(() => seen.text === 'hello world')
  assert.equal(host.upgrades[0]?.headers.authorization, 'Bearer hf_test')
  assert.deepEqual(host.messages[0], { type: 'attach', client: 'me', mode: 'rw', cols: 100, rows: 30 })
  assert.equal(attachment.offset, 11)
  attachment.detach()
  assert.deepEqual(await attachment.ended, { kind: 'closed', code: 1000, reason: 'detached' })
})

test('after a cut the attachment asks for the next byte and no snapshot', async () => {
  host.print('abc')
  const attachment = attach()
  await seen.until(() => seen.text === 'abc')
  host.cut()
  host.print('def')
  await seen.until(() => seen.text === 'abcdef')
  const second = host.messages.filter((message) => message.type === 'attach')[1]
  assert.deepEqual([second?.epoch, second?.offset], ['e1', 3])
  const states = seen.states.map((state) => (state.kind === 'attached' ? state.resume : state.kind))
  assert.deepEqual(states, ['connecting', 'fresh', 'waiting', 'connecting', 'delta'])
  attachment.detach()
})

test('what the replay buffer no longer holds comes as a snapshot, and the stream goes on at its offset', async () => {
  host.print('abc')
  const attachment = attach()
  await seen.until(() => seen.text === 'abc')
  host.cut()
  host.print('lost')
  host.replayFrom = 5
  await seen.until(() => seen.snapshots.length === 1)
  assert.deepEqual(seen.snapshots, ['7:<screen at 7>'])
  assert.equal(attachment.offset, 7)
  host.print('!')
  await seen.until(() => seen.text === 'abc!')
  assert.equal(attachment.offset, 8)
  attachment.detach()
})

test('a snapshot in the middle of the stream skips forward', async () => {
  const attachment = attach()
  await seen.until(() => seen.count('attached') === 1)
  host.record('skipped')
  for (const viewer of host.viewers) host.snapshot(viewer)
  host.print('on')
  await seen.until(() => seen.text === 'on')
  assert.deepEqual([seen.snapshots, attachment.offset], [['7:<screen at 7>'], 9])
  attachment.detach()
})

test('without onSnapshot a snapshot is output that does not count', async () => {
  host.print('abcdef')
  host.replayFrom = 4
  const attachment = attach({ onSnapshot: undefined })
  await seen.until(() => seen.text === '<screen at 6>')
  assert.equal(attachment.offset, 6)
  attachment.detach()
})

test('a new epoch starts over with `fresh`, and input that was never accepted is typed into it', async () => {
  host.print('first')
  const attachment = attach()
  attachment.write('one')
  await host.until(() => host.typed.toString() === 'one')
  await seen.until(() => seen.text === 'first' && attachment.unacknowledged === 0)
  host.restart('e2', 'second')
  attachment.write('two')
  await seen.until(() => seen.text === 'firstsecond')
  await host.until(() => host.typed.toString() === 'onetwo')
  assert.deepEqual(
    seen.messages.flatMap((message) => (message.type === 'attached' ? [`${message.epoch} ${message.resume}`] : [])),
    ['e1 fresh', 'e2 fresh'],
  )
  assert.equal(attachment.offset, 6)
  attachment.detach()
})

test('forget: the next connect does not resume', async () => {
  host.print('abc')
  const attachment = attach()
  await seen.until(() => seen.text === 'abc')
  attachment.forget()
  host.cut()
  await seen.until(() => seen.text === 'abcabc')
  assert.equal(attachment.offset, 3)
  host.cut()
  await seen.until(() => seen.count('attached') === 3)
  assert.equal(seen.text, 'abcabc', 'only one connect starts over')
  attachment.detach()
})

test('input waits for the connection and is acknowledged', async () => {
  const attachment = attach()
  attachment.write('é')
  attachment.write(new Uint8Array([0xff, 0x00]))
  assert.equal(attachment.unacknowledged, 4)
  await seen.until(() => attachment.unacknowledged === 0)
  assert.deepEqual(host.typed, Buffer.from([0xc3, 0xa9, 0xff, 0x00]))
  attachment.detach()
})

test('a client id that typed before goes on counting where the host is', async () => {
  const first = attach({ client: 'same' })
  first.write('12345')
  await seen.until(() => seen.count('attached') === 1 && first.unacknowledged === 0)
  first.detach()
  const second = attach({ client: 'same' })
  second.write('67')
  await host.until(() => host.typed.toString() === '1234567')
  await seen.until(() => second.unacknowledged === 0)
  second.detach()
})

test('resize, signal and control reach the host; signals do not wait for a connection', async () => {
  const attachment = attach({ client: 'me' })
  assert.throws(() => attachment.signal('INT'), { code: 'HOST_UNREACHABLE' })
  attachment.resize(90, 20)
  await seen.until(() => seen.count('attached') === 1)
  attachment.resize(91, 21)
  attachment.signal('INT')
  attachment.control('take')
  await host.until(() => host.messages.length === 4)
  assert.deepEqual(host.messages, [
    { type: 'attach', client: 'me', mode: 'rw', cols: 90, rows: 20 },
    { type: 'resize', cols: 91, rows: 21 },
    { type: 'signal', name: 'INT' },
    { type: 'control', action: 'take' },
  ])
  attachment.detach()
})

test('a read-only attachment refuses to type and sends no size, also when only the host knows that it is', async () => {
  const asked = attach({ mode: 'ro' })
  assert.throws(() => asked.write('x'), { code: 'READ_ONLY' })
  asked.detach()
  host.mode = 'ro'
  const attachment = attach()
  attachment.write('typed before it is known')
  await seen.until(() => seen.count('attached') === 1)
  attachment.resize(10, 10)
  assert.throws(() => attachment.write('x'), { code: 'READ_ONLY' })
  assert.throws(() => attachment.signal('INT'), { code: 'READ_ONLY' })
  assert.equal(attachment.unacknowledged, 0)
  host.print('still there')
  await seen.until(() => seen.text === 'still there')
  assert.equal(host.typed.length, 0)
  attachment.detach()
})

test('the error of the host is the reason of the close', async () => {
  const attachment = attach()
  await seen.until(() => seen.count('attached') === 1)
  host.tell({ type: 'error', code: 'READ_ONLY', message: 'this attachment may not type' })
  host.close(4403)
  assert.deepEqual(await attachment.ended, { kind: 'closed', code: 4403, reason: 'this attachment may not type' })
})

test('an announced error counts when the line is cut before the close', async () => {
  const attachment = attach()
  await seen.until(() => seen.count('attached') === 1)
  host.tell({ type: 'error', code: 'KICKED', message: 'someone else attached' })
  await seen.until(() => seen.messages.some(({ type }) => type === 'error'))
  host.cut()
  assert.deepEqual(await attachment.ended, { kind: 'closed', code: 4409, reason: 'someone else attached' })
})

test('exit ends the attachment with the code of the session', async () => {
  const attachment = attach()
  await seen.until(() => seen.count('attached') === 1)
  host.print('bye')
  host.exit(3, null)
  assert.deepEqual(await attachment.ended, { kind: 'ended', exitCode: 3, signal: null })
  assert.equal(seen.text, 'bye')
  attachment.write('too late')
  assert.equal(attachment.unacknowledged, 0)
})

test('an end before the last byte is not believed: the attachment comes back for the rest', async () => {
  host.print('abc')
  const attachment = attach()
  await seen.until(() => seen.text === 'abc')
  host.record('def')
  host.tell({ type: 'exit', exitCode: 0, signal: null, offset: 6 })
  await seen.until(() => seen.count('attached') === 2 && seen.text.endsWith('abcdef'))
  assert(!seen.messages.some(({ type }) => type === 'exit'))
  host.exit(0, null)
  assert.deepEqual(await attachment.ended, { kind: 'ended', exitCode: 0, signal: null })
})

test('a core dump is told with the end', async () => {
  const attachment = attach()
  await seen.until(() => seen.count('attached') === 1)
  host.tell({ type: 'exit', exitCode: null, signal: 'SEGV', offset: 0, coreDumped: true })
  assert.deepEqual(await attachment.ended, { kind: 'ended', exitCode: null, signal: 'SEGV', coreDumped: true })
})

test('offsets that are none make the client come back instead of losing count', async () => {
  const attachment = attach()
  const lies = [
    { type: 'input-ack', offset: 'all' },
    { type: 'input-ack' },
    { type: 'snapshot', offset: -1, cols: 80, rows: 24 },
    { type: 'attached', epoch: 'e1', offset: 0, resume: 'fresh', inputOffset: 0.5, mode: 'rw', controller: null },
  ]
  for (const [i, lie] of lies.entries()) {
    await seen.until(() => seen.count('attached') === i + 1)
    attachment.write(`${i}`)
    host.tell(lie)
  }
  await seen.until(() => seen.count('attached') === lies.length + 1)
  await host.until(() => host.typed.toString() === '0123')
  attachment.detach()
})

test('colours are told at once, after every connect, and never by a read-only attachment', async () => {
  const colors = () => host.messages.filter(({ type }) => type === 'colors')
  const attachment = attach()
  attachment.colors({ foreground: '#ffffff', background: '#000000' })
  await host.until(() => colors().length === 1)
  attachment.colors({ background: '#111111' })
  await host.until(() => colors().length === 2)
  host.cut()
  await host.until(() => colors().length === 3)
  assert.deepEqual(colors()[2], { type: 'colors', background: '#111111' })
  attachment.detach()
  const viewer = attach({ mode: 'ro' })
  viewer.colors({ foreground: '#ffffff' })
  await seen.until(() => seen.count('attached') === 3)
  host.print('done')
  await seen.until(() => seen.text.endsWith('done'))
  assert.equal(colors().length, 3)
  viewer.detach()
})

test('a new connection on demand loses nothing; after forget it starts over', async () => {
  host.print('abc')
  const attachment = attach()
  await seen.until(() => seen.text === 'abc')
  attachment.reconnect()
  attachment.write('typed')
  host.print('def')
  await seen.until(() => seen.text === 'abcdef')
  await host.until(() => host.typed.toString() === 'typed')
  attachment.forget()
  attachment.reconnect()
  await seen.until(() => seen.text === 'abcdefabcdef')
  attachment.detach()
})

const closeCodes = [...new Set([1000, 1001, 1011, ...Object.values(ERRORS).map((row): number => row.ws)])]
for (const code of closeCodes) {
  const retries = closeIsRetryable(code)
  test(`close ${code} ${retries ? 'is followed by a reconnect' : 'ends the attachment'}`, async () => {
    const attachment = attach()
    await seen.until(() => seen.count('attached') === 1)
    host.close(code, 'because')
    await seen.until(() => seen.count('attached') === 2 || seen.count('closed') === 1)
    assert.equal(seen.count('attached'), retries ? 2 : 1)
    assert.equal(seen.states.find(({ kind }) => kind === 'waiting') !== undefined, retries)
    attachment.detach()
    const last = await attachment.ended
    assert.deepEqual(last, { kind: 'closed', code: retries ? 1000 : code, reason: retries ? 'detached' : 'because' })
  })
}

test('a refusal before the upgrade ends the attachment with its reason, or is tried again', async () => {
  host.refusal = new HoldfastError('SESSION_STARTING', 'not yet')
  const attachment = attach()
  await seen.until(() => seen.count('waiting') === 1)
  assert.equal(seen.states.find((state) => state.kind === 'waiting')?.reason, 'not yet')
  host.refusal = new HoldfastError('SESSION_NOT_FOUND', 'there is no session s')
  assert.deepEqual(await attachment.ended, { kind: 'closed', code: 4404, reason: 'there is no session s' })
})

test('a gateway that does not answer is tried again', async () => {
  const attachment = new HoldfastClient({ url: 'http://127.0.0.1:1', key: 'k' }).attach('s', seen.options())
  await seen.until(() => seen.count('waiting') === 2)
  const waiting = seen.states.filter((state) => state.kind === 'waiting')
  assert.deepEqual(
    waiting.map(({ attempt, reason }) => [attempt, reason]),
    [
      [1, 'the gateway does not answer'],
      [2, 'the gateway does not answer'],
    ],
  )
  attachment.detach()
})

test('without a key every connect takes a fresh ticket', async () => {
  let tickets = 0
  host.answers['POST /v1/sessions/s/tickets'] = (_request, body) => {
    assert.deepEqual(JSON.parse(body), { mode: 'ro', ttlSeconds: 30, uses: 1 })
    return { status: 201, body: { ticket: `t${++tickets}`, mode: 'ro', uses: 1, expiresAt: '' } }
  }
  const attachment = new HoldfastClient({ url: host.url }).attach('s', { ...seen.options(), mode: 'ro' })
  await seen.until(() => seen.count('attached') === 1)
  host.cut()
  await seen.until(() => seen.count('attached') === 2)
  const offered = host.upgrades.map(({ headers }) => [headers['sec-websocket-protocol'], headers.authorization])
  assert.deepEqual(offered, [
    ['holdfast.v1,ticket.t1', undefined],
    ['holdfast.v1,ticket.t2', undefined],
  ])
  attachment.detach()
})

test('a refused ticket ends the attachment', async () => {
  const attachment = new HoldfastClient({ url: host.url }).attach('s', seen.options())
  assert.deepEqual(await attachment.ended, { kind: 'closed', code: 4404, reason: 'no such session' })
})

test('output is acknowledged when it is parsed, not when it comes', async () => {
  const calls: (() => void)[] = []
  const attachment = attach({
    onOutput: (bytes: Uint8Array, parsed: () => void) => {
      seen.options().onOutput(bytes, () => {})
      calls.push(parsed)
    },
  })
  host.print(Buffer.alloc(ACK_BYTES))
  await seen.until(() => seen.output.length === ACK_BYTES)
  attachment.resize(81, 25) // comes after every ack that was sent by now
  await host.until(() => host.messages.length === 2)
  assert.deepEqual(host.messages[1], { type: 'resize', cols: 81, rows: 25 })
  for (const parsed of calls) parsed()
  await host.until(() => host.messages.length === 3)
  assert.deepEqual(host.messages[2], { type: 'ack', offset: ACK_BYTES })
  attachment.detach()
})
