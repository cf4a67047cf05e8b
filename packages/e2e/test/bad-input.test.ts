/** Bad input gets a clear error and loses nothing. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Problem, Session } from '@holdfast/protocol'
import { type EngineProxy, engineProxy } from './support/engine-proxy.ts'
import { dockerIsMissing, type Stack, startStack, until } from './support/stack.ts'
import { view } from './support/viewer.ts'

describe('bad input', { skip: dockerIsMissing }, () => {
  let stack: Stack
  let engine: EngineProxy
  before(async () => {
    engine = await engineProxy()
    const moreTemplates = '- name: missing\n  image: holdfast/no-such-image\n  command: [bash]\n'
    stack = await startStack('docker', { moreTemplates, dockerSocket: engine.path })
  })
  after(async () => {
    await stack.destroy()
    await engine.close()
  })

  const post = async (body: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${stack.url}/v1/sessions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json', ...headers },
      body,
    })
    const type = response.headers.get('content-type') ?? ''
    return { status: response.status, type, body: (await response.json()) as Problem & Session }
  }

  const refusals: ReadonlyArray<[what: string, body: string, status: number, code: string]> = [
    ['malformed JSON', '{"command":', 400, 'BAD_REQUEST'],
    ['a wrong type', '{"command":7}', 400, 'BAD_REQUEST'],
    ['no columns', '{"cols":0}', 400, 'BAD_REQUEST'],
    ['negative rows', '{"rows":-1}', 400, 'BAD_REQUEST'],
    ['a million columns', '{"cols":1000000}', 400, 'BAD_REQUEST'],
    ['an unknown field', '{"comand":"ls"}', 400, 'BAD_REQUEST'],
    ['an unknown template', '{"template":"nope"}', 422, 'UNKNOWN_TEMPLATE'],
    ['a huge body', JSON.stringify({ name: 'x'.repeat(3 << 20) }), 413, 'TOO_LARGE'],
  ]
  for (const [what, body, status, code] of refusals) {
    test(`${what}: ${status} ${code}`, async () => {
      const answer = await post(body)
      assert.equal(answer.status, status)
      assert.match(answer.type, /application\/problem\+json/)
      assert.equal(answer.body.code, code)
      assert.notEqual(answer.body.detail, '')
    })
  }

  test('a command that does not exist is a failed session with the reason', async () => {
    const { body } = await post('{"command":"no-such-command"}')
    assert.equal(body.phase, 'failed')
    assert.match(body.reason ?? '', /^command-not-found: .*no-such-command/)
  })

  test('a duplicate Idempotency-Key: same body same session, other body 409', async () => {
    const headers = { 'idempotency-key': `key-${Date.now()}` }
    const first = await post('{"command":"cat"}', headers)
    const second = await post('{"command":"cat"}', headers)
    assert.equal(first.body.id, second.body.id)
    const third = await post('{"command":"bash"}', headers)
    assert.equal(third.status, 409)
    assert.equal(third.body.code, 'IDEMPOTENCY_CONFLICT')
  })

  test('a bad or unknown id is 404 or 400, with a problem', async () => {
    for (const [id, status] of [
      ['local-00000000000000', 404],
      ['..%2f..%2fetc', 400],
    ] as const) {
      const response = await fetch(`${stack.url}/v1/sessions/${id}`, {
        headers: { authorization: `Bearer ${stack.key}` },
      })
      assert.ok([status, 404].includes(response.status), `${id}: ${response.status}`)
      assert.match(response.headers.get('content-type') ?? '', /problem\+json/)
    }
  })

  test('a missing image is a failed session with the reason', async () => {
    const { body } = await post('{"template":"missing"}')
    assert.equal(body.phase, 'failed')
    assert.match(body.reason ?? '', /^image-missing: .*holdfast\/no-such-image/)
  })

  test('with Docker away the API answers 503 with the reason, and streams go on', async () => {
    const session = await stack.client.createSession({ command: 'cat' })
    const viewer = view(stack.client, session.id)
    await until('attached', () => viewer.states.some(({ kind }) => kind === 'attached'))
    engine.shut()
    try {
      const { status, body } = await post('{"command":"cat"}')
      assert.equal(status, 503)
      assert.equal(body.code, 'RUNTIME_UNAVAILABLE')
      assert.match(body.detail, /Docker/)
      viewer.attachment.write('during\n')
      await viewer.waitFor(/during\r\nduring/)
      assert.equal((await stack.client.getSession(session.id)).phase, 'running', 'not seen is not dead')
    } finally {
      engine.open()
    }
    await until('creating works again', () => post('{"command":"true"}').then(({ status }) => status === 201), 60_000)
    viewer.attachment.detach()
  })

  test('with Redis down the API answers 503 within a second, and streams go on', async () => {
    const session = await stack.client.createSession({ command: 'cat' })
    const viewer = view(stack.client, session.id)
    viewer.attachment.write('before\n')
    await viewer.waitFor(/before\r\nbefore/)
    await stack.compose('pause', 'redis')
    try {
      const begin = performance.now()
      const { status, body } = await post('{"command":"cat"}')
      assert.equal(status, 503)
      assert.equal(body.code, 'STORE_UNAVAILABLE')
      // The promise of the API is a second; the rest is for a busy machine.
      assert.ok(performance.now() - begin < 3000, 'within a second')
      viewer.attachment.write('during\n')
      await viewer.waitFor(/during\r\nduring/)
    } finally {
      await stack.compose('unpause', 'redis')
    }
    await until('creating works again', () => post('{"command":"true"}').then(({ status }) => status === 201), 60_000)
    viewer.attachment.detach()
  })
})
