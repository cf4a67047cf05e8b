/** Grants: whatever comes instead of a token that we signed and that is still good is UNAUTHENTICATED, never another error. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { HoldfastError } from '@holdfast/protocol'
import { bearer, cookieKey, hostKey, serviceKey, sign, verify } from '../src/index.ts'

const KEY = hostKey('a master key for tests', 'local-00000000-aaaaaa')
const BODY = { host: 'local-00000000-aaaaaa', op: 'attach' }
const NOW = 1_800_000_000_000

const refused = (token: string, now = NOW, key = KEY) =>
  assert.throws(
    () => verify(key, token, now),
    (error) => {
      assert.ok(error instanceof HoldfastError, `${token.slice(0, 40)}: ${error}`)
      assert.equal(error.code, 'UNAUTHENTICATED')
      assert.ok(!error.message.includes(key))
      return true
    },
  )

/** Signed with the right key, whatever it says. */
const signed = (content: string): string => {
  const text = Buffer.from(content).toString('base64url')
  return `${text}.${createHmac('sha256', KEY).update(text).digest('base64url')}`
}

test('a signed body comes back, with an id of its own and its expiry', () => {
  const first = verify<typeof BODY>(KEY, sign(KEY, BODY, 1000, NOW), NOW)
  const second = verify<typeof BODY>(KEY, sign(KEY, BODY, 1000, NOW), NOW)
  assert.deepEqual(first.body, BODY)
  assert.equal(first.expires, NOW + 1000)
  assert.notEqual(first.id, second.id)
})

test('a token is good until it expires, and not at that moment', () => {
  const token = sign(KEY, BODY, 1000, NOW)
  assert.deepEqual(verify(KEY, token, NOW + 999).body, BODY)
  refused(token, NOW + 1000)
})

test('a token of another key is refused: other host, other master key, service and cookie', () => {
  const master = 'a master key for tests'
  const others = [
    hostKey(master, 'local-00000000-bbbbbb'),
    hostKey('another master key', 'local-00000000-aaaaaa'),
    serviceKey(master),
    cookieKey(master),
    master,
    '',
  ]
  assert.equal(new Set([KEY, ...others]).size, others.length + 1)
  for (const other of others) refused(sign(other, BODY, 1000, NOW))
})

test('a token changed in any character is refused', () => {
  const token = sign(KEY, BODY, 1000, NOW)
  for (let at = 0; at < token.length; at += 1) {
    const other = token[at] === 'A' ? 'B' : 'A'
    refused(token.slice(0, at) + other + token.slice(at + 1))
  }
})

test('a signature is accepted in one spelling only', () => {
  const token = sign(KEY, BODY, 1000, NOW)
  refused(`${token}=`)
  refused(`${token}.`)
  refused(`${token}.x`)
  refused(` ${token}`)
  refused(`${token}\n`)
})

test('things that are no token at all are refused', () => {
  for (const token of ['', '.', '..', 'x', 'no dot in it', 'a.b', '.aaaa', 'ü.ü', '\u0000', 'a'.repeat(100_000)]) {
    refused(token)
  }
  const [text = '', signature = ''] = sign(KEY, BODY, 1000, NOW).split('.')
  refused(text)
  refused(`${text}.`)
  refused(`.${signature}`)
})

test('what is signed with our key but is no envelope is refused', () => {
  const contents = [
    'not JSON',
    '',
    'null',
    '[]',
    '"text"',
    '12',
    '{}',
    `{"body":{},"id":"x"}`,
    `{"body":{},"id":"x","expires":"${NOW + 1000}"}`,
    `{"body":{},"id":"x","expires":null}`,
    `{"id":"x","expires":${NOW + 1000}}`,
    `{"body":{},"expires":${NOW + 1000}}`,
  ]
  for (const content of contents) refused(signed(content))
  assert.deepEqual(verify(KEY, signed(`{"body":{},"id":"x","expires":${NOW + 1000}}`), NOW).body, {})
})

test('a bearer token is taken from its header only in its own form', () => {
  assert.equal(bearer('Bearer abc.def'), 'abc.def')
  assert.equal(bearer('bearer abc'), 'abc')
  for (const header of [undefined, '', 'Bearer', 'Bearer ', 'Basic abc', 'Bearer a b', 'xBearer abc']) {
    assert.equal(bearer(header), undefined, header)
  }
})
