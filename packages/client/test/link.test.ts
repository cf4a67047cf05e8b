import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Backoff } from '../src/backoff.ts'
import { Link, type LinkState } from '../src/link.ts'
import type { SocketLike } from '../src/socket.ts'

type Listener = (event: { data: unknown; code: number; reason: string }) => void

class FakeSocket implements SocketLike {
  binaryType = 'blob'
  readyState = 0
  readonly sent: unknown[] = []
  readonly closed: string[] = []
  readonly #listeners = new Map<string, Listener>()
  send(data: unknown): void {
    this.sent.push(data)
  }
  close(code?: number): void {
    this.closed.push(`close ${code}`)
  }
  terminate(): void {
    this.closed.push('terminate')
  }
  addEventListener(type: string, listener: unknown): void {
    this.#listeners.set(type, listener as Listener)
  }
  fire(type: string, event: { data?: unknown; code?: number; reason?: string } = {}): void {
    if (type === 'open') this.readyState = 1
    this.#listeners.get(type)?.({ data: '', code: 1006, reason: '', ...event })
  }
}

const setup = (t: TestContext, random = () => 0.5) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const sockets: FakeSocket[] = []
  const states: LinkState[] = []
  const texts: string[] = []
  const dial = async () => {
    const socket = new FakeSocket()
    sockets.push(socket)
    return socket
  }
  const events = {
    onOpen: () => {},
    onText: (text: string) => void texts.push(text),
    onBytes: () => {},
    onDown: () => {},
    onState: (state: LinkState) => void states.push(state),
  }
  const link = new Link(dial, events, new Backoff(random))
  const attached = async (): Promise<FakeSocket> => {
    await Promise.resolve() // the dial's answer
    const socket = sockets.at(-1)
    assert(socket)
    socket.fire('open')
    link.markAttached('fresh', null)
    return socket
  }
  return { link, sockets, states, texts, attached, wait: (ms: number) => t.mock.timers.tick(ms) }
}

test('a ping every 15 s; the answer keeps the line alive', async (t) => {
  const { link, states, attached, wait } = setup(t)
  link.connect()
  const socket = await attached()
  for (let i = 0; i < 10; i++) {
    wait(15_000)
    assert.equal(socket.sent.length, i + 1)
    assert.equal(JSON.parse(String(socket.sent[i])).type, 'ping')
    socket.fire('message', { data: '{"type":"pong","id":1}' })
  }
  assert.deepEqual(states.at(-1), { kind: 'attached', resume: 'fresh', controller: null })
  link.end({ kind: 'closed', code: 1000, reason: '' })
})

test('a line that says nothing for 30 s is dropped and dialled again', async (t) => {
  const { link, sockets, states, attached, wait } = setup(t)
  link.connect()
  const socket = await attached()
  wait(29_999)
  assert.equal(states.at(-1)?.kind, 'attached')
  wait(1)
  assert.deepEqual(socket.closed, ['terminate'])
  assert.deepEqual(states.at(-1), { kind: 'waiting', retryInMs: 50, attempt: 1, reason: 'nothing was heard for 30 s' })
  wait(50)
  assert.equal(sockets.length, 2)
  link.end({ kind: 'closed', code: 1000, reason: '' })
})

test('a dial that never opens is given up after 30 s', async (t) => {
  const { link, states, wait } = setup(t)
  link.connect()
  await Promise.resolve()
  wait(30_000)
  assert.equal(states.at(-1)?.kind, 'waiting')
  link.end({ kind: 'closed', code: 1000, reason: '' })
})

test('late events of a socket that was dropped change nothing', async (t) => {
  const { link, states, texts, attached, wait } = setup(t)
  link.connect()
  const old = await attached()
  wait(30_000)
  wait(50)
  await attached()
  const before = states.length
  old.fire('message', { data: 'late' })
  old.fire('close', { code: 4409, reason: 'late' })
  assert.deepEqual([states.length, texts], [before, []])
  link.end({ kind: 'closed', code: 1000, reason: '' })
})

test('waits grow while attachments do not last, and start over after one that did', async (t) => {
  const { link, states, attached, wait } = setup(t, () => 0.99)
  const retries = () => states.flatMap((state) => (state.kind === 'waiting' ? [state.retryInMs] : []))
  link.connect()
  for (let i = 0; i < 3; i++) {
    const socket = await attached()
    socket.fire('close', { code: 1012 })
    wait(retries().at(-1) ?? 0)
  }
  const socket = await attached()
  wait(1_000)
  socket.fire('close', { code: 1006 })
  assert.deepEqual(retries(), [99, 148, 222, 99])
  link.end({ kind: 'closed', code: 1000, reason: '' })
})

test('after the end nothing happens any more, also when the dial answers late', async (t) => {
  const { link, sockets, states, wait } = setup(t)
  link.connect()
  link.end({ kind: 'closed', code: 1000, reason: 'detached' })
  link.end({ kind: 'closed', code: 4404, reason: 'twice' })
  await Promise.resolve()
  assert.deepEqual(sockets[0]?.closed, ['close undefined'])
  wait(60_000)
  link.connect()
  assert.deepEqual(states, [{ kind: 'connecting' }, { kind: 'closed', code: 1000, reason: 'detached' }])
  assert.deepEqual(await link.ended, { kind: 'closed', code: 1000, reason: 'detached' })
})

test('a dial that fails for a reason of its own is not repeated', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const quiet = { onOpen() {}, onText() {}, onBytes() {}, onDown() {}, onState() {} }
  const link = new Link(() => Promise.reject(new SyntaxError('Invalid URL')), quiet, new Backoff())
  link.connect()
  assert.deepEqual(await link.ended, { kind: 'closed', code: 1008, reason: 'SyntaxError: Invalid URL' })
})
