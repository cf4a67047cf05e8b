/** Whatever a client sends as text, the answer is a known error or nothing: never a crash, never another client's harm. */
import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { CLIENT_MESSAGES, ERRORS, type HostMessage } from '@holdfast/protocol'
import fc from 'fast-check'
import { converse } from '../src/conversation.ts'
import type { Session } from '../src/session.ts'
import type { Wire } from '../src/viewer.ts'
import { FarStream } from './far-stream.ts'

/** One connection whose client has gone already: what is said to it is kept in arrays. */
const connection = (far: FarStream) => {
  const said: HostMessage[] = []
  const closes: number[] = []
  const socket = far.stream.accept(new Socket(), Buffer.alloc(0))
  const wire: Wire = {
    socket,
    sendBytes: () => undefined,
    sendMessage: (message) => void said.push(message),
    buffered: 0,
    close: (code) => void closes.push(code),
  }
  const terms = { session: far as unknown as Session, wire, mode: 'rw', principal: 'ann', expires: Date.now() } as const
  const talk = converse(terms, 60_000)
  const end = () => {
    talk.closed()
    socket.destroy()
  }
  return { said, closes, end, say: (text: string) => talk.receive(Buffer.from(text), false) }
}

const NUMBERS = [
  '1e999',
  '-1',
  '0.5',
  '1e400',
  '9007199254740993',
  '-0',
  '"NaN"',
  'null',
  '1e-7',
  '18446744073709551616',
]
const odd = fc.oneof(
  fc.json(),
  fc.constantFrom(...NUMBERS, '{}', '[]', '""', '"__proto__"', '{"__proto__":{"type":"attach"}}'),
  fc.nat(20_000).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`),
  fc.string().map((text) => JSON.stringify(text)),
)
const types = fc.oneof(
  fc.constantFrom(...Object.keys(CLIENT_MESSAGES), '__proto__', 'constructor', 'toString', 'hasOwnProperty', ''),
  fc.string(),
)
const keys = ['client', 'mode', 'cols', 'rows', 'epoch', 'offset', 'action', 'name', 'id', '__proto__', 'type', 'then']
/** Text that is nearly a message: the keys of ours with any values, doubled keys too. */
const nearly = fc
  .tuple(types, fc.array(fc.tuple(fc.constantFrom(...keys), odd), { maxLength: 6 }))
  .map(
    ([type, fields]) =>
      `{${[`"type":${JSON.stringify(type)}`, ...fields.map(([key, value]) => `"${key}":${value}`)].join()}}`,
  )
const anyText = fc.oneof({ weight: 4, arbitrary: nearly }, odd, fc.string(), fc.string({ unit: 'binary' }))

test('any text before and after attach is obeyed, ignored, or ends this connection with a code of the table', async (t) => {
  const seed = Date.now() % 1e9
  t.diagnostic(`seed ${seed}`)
  const far = new FarStream(t, {})
  const other = connection(far)
  other.say('{"type":"attach","client":"other"}')
  const codes = new Set<number>(Object.values(ERRORS).map(({ ws }) => ws))
  const property = fc.property(fc.array(anyText, { maxLength: 5 }), fc.boolean(), (texts, attaches) => {
    const { said, closes, end, say } = connection(far)
    if (attaches) say('{"type":"attach","client":"one","cols":80,"rows":24}')
    for (const text of texts) say(text)
    end()
    assert.ok(closes.length <= 1)
    assert.ok(
      closes.every((code) => codes.has(code) && code !== ERRORS.INTERNAL.ws),
      `closed with ${closes}`,
    )
    if (closes.length > 0) assert.equal(said.at(-1)?.type, 'error')
    assert.equal(({} as Record<string, unknown>).client, undefined, 'a prototype was changed')
  })
  fc.assert(property, { seed, numRuns: 3000 })
  assert.deepEqual(other.closes, [])
  assert.equal(far.attachments.count, 1)
  other.end()
})
