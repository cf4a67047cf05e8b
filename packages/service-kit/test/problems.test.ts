/** Problems: every failure of a route leaves as problem+json with a code of the table, and a bug keeps its text to itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HoldfastError } from '@holdfast/protocol'
import { fastify, type InjectOptions } from 'fastify'
import { answerWithProblems, toHoldfastError } from '../src/index.ts'

const ask = async (request: InjectOptions, thrown?: unknown) => {
  const app = fastify({ bodyLimit: 64 })
  answerWithProblems(app)
  const schema = { body: { type: 'object', required: ['name'] } }
  app.post('/things', { schema }, async () => {
    throw thrown
  })
  try {
    const response = await app.inject(request)
    assert.match(String(response.headers['content-type']), /^application\/problem\+json/)
    return { ...response.json(), retryAfter: response.headers['retry-after'], statusCode: response.statusCode }
  } finally {
    await app.close()
  }
}
const post = (payload: object | string): InjectOptions => ({
  method: 'POST',
  url: '/things',
  headers: { 'content-type': 'application/json' },
  payload,
})

test('an error of ours keeps its code, status and message', async () => {
  const answer = await ask(post({ name: 'x' }), new HoldfastError('SESSION_NOT_FOUND', 'no session x'))
  assert.equal(answer.statusCode, 404)
  assert.deepEqual(
    [answer.code, answer.status, answer.detail, answer.retryable, answer.retryAfter],
    ['SESSION_NOT_FOUND', 404, 'no session x', false, undefined],
  )
})

test('a retryable error says when to come again', async () => {
  const answer = await ask(post({ name: 'x' }), new HoldfastError('STORE_UNAVAILABLE', 'Redis is away'))
  assert.deepEqual([answer.statusCode, answer.retryable, answer.retryAfter], [503, true, '1'])
})

test('a bug is INTERNAL without its text, whatever was thrown', async () => {
  for (const thrown of [new TypeError('secret of ours'), 'secret of ours', { secret: 'of ours' }]) {
    const answer = await ask(post({ name: 'x' }), thrown)
    assert.deepEqual([answer.statusCode, answer.code], [500, 'INTERNAL'])
    assert.ok(!JSON.stringify(answer).includes('of ours'))
  }
  for (const thrown of [undefined, null, 0, '']) assert.equal(toHoldfastError(thrown).code, 'INTERNAL')
})

test('malformed JSON and a body that does not fit its schema are BAD_REQUEST', async () => {
  for (const payload of ['{', '[]', '{}', '"x"']) {
    const answer = await ask(post(payload))
    assert.deepEqual([answer.statusCode, answer.code], [400, 'BAD_REQUEST'], payload)
  }
})

test('a body above the limit is TOO_LARGE', async () => {
  const answer = await ask(post({ name: 'x'.repeat(100) }))
  assert.deepEqual([answer.statusCode, answer.code], [413, 'TOO_LARGE'])
})

test('an unknown address is NOT_FOUND and does not repeat the query', async () => {
  const answer = await ask({ method: 'GET', url: '/nothing?token=abc' })
  assert.deepEqual([answer.statusCode, answer.code], [404, 'NOT_FOUND'])
  assert.ok(!JSON.stringify(answer).includes('abc'))
})
