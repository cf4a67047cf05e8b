/** Ids: what we make is what we accept, and what could be a path, a key or a header is not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  HOST_ID,
  HoldfastError,
  hostIdOf,
  incarnationOf,
  newSessionId,
  randomId,
  SESSION_ID,
  sessionId,
} from '../src/index.ts'

test('new ids are of their shape, start with their region and differ', () => {
  const ids = Array.from({ length: 1000 }, () => newSessionId('eu1'))
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ids) {
    assert.match(id, SESSION_ID)
    assert.equal(sessionId(id), id)
    assert.ok(id.startsWith('eu1-'))
  }
})

test('a random id has the length asked for and uses the whole alphabet, which has no i, l, o, u', () => {
  const text = randomId(10_000)
  assert.equal(text.length, 10_000)
  assert.equal([...new Set(text)].toSorted().join(''), '0123456789abcdefghjkmnpqrstvwxyz')
})

test('the id of a host is a DNS label, also with the longest region', () => {
  const host = hostIdOf(newSessionId('a'.repeat(16)), incarnationOf(1))
  assert.match(host, HOST_ID)
  assert.ok(host.length <= 63)
})

test('what is no session id is a bad request that does not repeat all of it', () => {
  const wrong = [
    '',
    'local',
    'local-',
    'local-short',
    'Local-00000000',
    '1ocal-00000000',
    'local-0000000/',
    '../../etc',
  ]
  wrong.push('local-00000000\n', ' local-00000000', 'local-00000000:x', 'local-{0000000}', `local-${'0'.repeat(5000)}`)
  for (const text of wrong) {
    assert.throws(
      () => sessionId(text),
      (error) => error instanceof HoldfastError && error.code === 'BAD_REQUEST' && error.message.length < 200,
      text,
    )
  }
})
