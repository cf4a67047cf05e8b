/** Only who holds a fresh grant for this host, this session and this operation gets in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUBPROTOCOL } from '@holdfast/protocol'
import WebSocket from 'ws'
import { grant, HOST_ID, shell, startHost } from './harness.ts'

const refused: [string, () => string, number, string][] = [
  ['no grant', () => '', 401, 'UNAUTHENTICATED'],
  ['nonsense', () => 'abc.def', 401, 'UNAUTHENTICATED'],
  ['a grant under another key', () => grant({ op: 'attach' }, 30_000, 'bb'.repeat(32)), 401, 'UNAUTHENTICATED'],
  ['an expired grant', () => grant({ op: 'attach' }, -1), 401, 'UNAUTHENTICATED'],
  ['a grant for another host', () => grant({ op: 'attach', host: `${HOST_ID}x` }), 403, 'FORBIDDEN'],
  ['a grant for another session', () => grant({ op: 'attach', session: 'local-other' }), 403, 'FORBIDDEN'],
  ['a grant for another operation', () => grant({ op: 'manage' }), 403, 'FORBIDDEN'],
  ['a grant for an older placement', () => grant({ op: 'attach', fence: 0 }), 409, 'STALE'],
]
for (const [what, token, status, code] of refused) {
  test(`${what}: refused before the upgrade`, async (t) => {
    const host = await startHost(t)
    await host.claim(shell('cat'))
    assert.deepEqual(await host.refusal(token()), { status, code })
    assert.equal((await host.status()).viewers, 0)
  })
}

test('the same grants are refused over HTTP, as problems', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('cat'))
  const wrong: [string, number, string][] = [
    ['', 401, 'UNAUTHENTICATED'],
    [grant({}, 30_000, 'bb'.repeat(32)), 401, 'UNAUTHENTICATED'],
    [grant({}, -1), 401, 'UNAUTHENTICATED'],
    [grant({ host: 'other' }), 403, 'FORBIDDEN'],
    [grant({ session: 'local-other' }), 403, 'FORBIDDEN'],
    [grant({ op: 'attach' }), 403, 'FORBIDDEN'],
    [grant({ fence: 0 }), 409, 'STALE'],
  ]
  for (const [token, status, code] of wrong) {
    for (const [method, path] of [
      ['GET', '/status'],
      ['GET', '/watch'],
      ['POST', '/stop'],
      ['POST', '/input'],
    ] as const) {
      const reply = await host.call(method, path, undefined, token)
      assert.deepEqual([reply.status, reply.json().code, reply.type], [status, code, 'application/problem+json'])
    }
  }
  assert.equal((await host.status()).exit, null)
})

test('an attach grant is good for one connection', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('cat'))
  const token = grant({ op: 'attach' })
  const first = new WebSocket(`ws+unix:${host.address}:/attach`, [SUBPROTOCOL], {
    headers: { authorization: `Bearer ${token}` },
  })
  await new Promise((open) => first.on('open', open))
  assert.deepEqual(await host.refusal(token), { status: 401, code: 'UNAUTHENTICATED' })
  first.terminate()
})

test('an attach that is refused for another reason does not use the grant up', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('cat'))
  const token = grant({ op: 'attach' })
  assert.deepEqual(await host.refusal(token, ['chat']), { status: 400, code: 'UNSUPPORTED_PROTOCOL' })
  assert.deepEqual(await host.refusal(token, [], '?cols=0'), { status: 400, code: 'BAD_REQUEST' })
  const socket = new WebSocket(`ws+unix:${host.address}:/attach`, [SUBPROTOCOL], {
    headers: { authorization: `Bearer ${token}` },
  })
  await new Promise((open) => socket.on('open', open))
  assert.equal(socket.protocol, SUBPROTOCOL)
  socket.terminate()
})

test('without a session there is nothing to attach to yet', async (t) => {
  const host = await startHost(t)
  assert.deepEqual(await host.refusal(grant({ op: 'attach' })), { status: 503, code: 'SESSION_STARTING' })
})

test('a grant of a newer placement fences the host off: it serves nobody, and only the newer placement may stop it', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('cat'))
  assert.deepEqual(await host.refusal(grant({ op: 'attach', fence: 2 })), { status: 409, code: 'STALE' })
  for (const [method, path] of [
    ['GET', '/status'],
    ['GET', '/watch'],
    ['POST', '/input'],
    ['POST', '/stop'],
  ] as const) {
    const reply = await host.call(method, path, undefined, grant({ fence: 1 }))
    assert.deepEqual([reply.status, reply.json().code], [409, 'STALE'], path)
  }
  assert.deepEqual(await host.refusal(grant({ op: 'attach', fence: 1 })), { status: 409, code: 'STALE' })
  const status = await host.call('GET', '/status', undefined, grant({ fence: 2 }))
  assert.equal(status.json().exit, null)
  const stopped = await host.call('POST', '/stop', {}, grant({ fence: 2 }))
  assert.notEqual(stopped.json().exit, null)
})

test('a grant for another session does not fence a host off', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('cat'))
  const other = await host.call('GET', '/status', undefined, grant({ session: 'local-other', fence: 9 }))
  assert.equal(other.status, 403)
  assert.equal((await host.status()).exit, null)
})
