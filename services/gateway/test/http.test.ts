/** Plain HTTP: forwarding to the orchestrator, login by cookie, the console's files. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Principal, serviceKey, verify } from '@holdfast/service-kit'
import { type Fixture, startFixture, until, writeKeys } from './fixture.ts'
import { MASTER_KEY } from './stand-ins.ts'

const bearer = (fixture: Fixture, more: Record<string, string> = {}) => ({
  authorization: `Bearer ${fixture.ann.key}`,
  ...more,
})
const login = async (fixture: Fixture, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${fixture.url}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ key: fixture.ann.key }),
  })
const cookieOf = (response: Response): string => response.headers.get('set-cookie')?.split(';')[0] ?? ''
const codeOf = async (response: Response): Promise<unknown> => {
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json\b/)
  return ((await response.json()) as { code: unknown }).code
}

test('a request is forwarded with the principal, without the caller’s credentials', async (t) => {
  const fixture = await startFixture(t)
  const response = await fetch(`${fixture.url}/v1/sessions?limit=2`, {
    method: 'POST',
    headers: bearer(fixture, {
      cookie: 'holdfast=secret',
      'content-type': 'application/json',
      'idempotency-key': 'abc',
      prefer: 'wait=5',
      'x-forwarded-for': '1.2.3.4',
      'proxy-authorization': 'Basic secret',
    }),
    body: '{"malformed',
  })
  assert.equal(response.status, 200)
  assert.deepEqual(await response.json(), { echo: '{"malformed' })
  const [seen] = fixture.orchestrator.seen
  assert.ok(seen)
  assert.equal(`${seen.method} ${seen.url}`, 'POST /v1/sessions?limit=2')
  const { 'idempotency-key': idempotency, prefer, authorization = '', ...rest } = seen.headers
  assert.deepEqual([idempotency, prefer, rest['content-type']], ['abc', 'wait=5', 'application/json'])
  const { body } = verify<Principal>(serviceKey(MASTER_KEY), authorization.slice('Bearer '.length))
  assert.deepEqual(body, { principal: 'ann', tenant: 'one', role: 'user' })
  assert.ok(!JSON.stringify(seen.headers).includes('secret'))
  assert.ok(!JSON.stringify(seen.headers).includes(fixture.ann.key))
})

test('answers come back as they are, but cannot act as a page or set cookies', async (t) => {
  const fixture = await startFixture(t)
  fixture.orchestrator.answer = (response) =>
    response
      .writeHead(418, { 'content-type': 'text/html', 'set-cookie': 'holdfast=x', etag: '"1"', 'retry-after': '3' })
      .end('<b>screen</b>')
  const response = await fetch(`${fixture.url}/v1/sessions/x/screen?format=html`, { headers: bearer(fixture) })
  assert.equal(response.status, 418)
  assert.equal(await response.text(), '<b>screen</b>')
  assert.deepEqual([response.headers.get('etag'), response.headers.get('retry-after')], ['"1"', '3'])
  assert.equal(response.headers.get('set-cookie'), null)
  assert.match(response.headers.get('content-security-policy') ?? '', /sandbox/)
})

test('events pass at once, and the stream to the orchestrator ends with the client', async (t) => {
  const fixture = await startFixture(t)
  let ended = false
  let send = (_text: string): void => assert.fail('no stream yet')
  fixture.orchestrator.answer = (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    response.on('close', () => {
      ended = true
    })
    send = (text) => response.write(text)
  }
  const stop = new AbortController()
  const response = await fetch(`${fixture.url}/v1/events`, { headers: bearer(fixture), signal: stop.signal })
  const reader = response.body?.getReader()
  for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
    send(text)
    assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), text)
  }
  stop.abort()
  await until('the orchestrator sees it', () => ended)
})

test('a drain ends event streams, so that the gateway can go down', async (t) => {
  const fixture = await startFixture(t)
  fixture.orchestrator.answer = (response) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  const response = await fetch(`${fixture.url}/v1/events`, { headers: bearer(fixture) })
  await fixture.gateway.drain()
  await assert.rejects(response.text())
})

test('an orchestrator that is down is 503', async (t) => {
  const fixture = await startFixture(t)
  await fixture.orchestrator.stop()
  const response = await fetch(`${fixture.url}/v1/sessions`, { headers: bearer(fixture) })
  assert.equal(response.status, 503)
  assert.equal(response.headers.get('retry-after'), '1')
  assert.equal(await codeOf(response), 'ORCHESTRATOR_UNAVAILABLE')
  const counted = await fixture.counted('holdfast_gateway_http_errors_total', { code: 'ORCHESTRATOR_UNAVAILABLE' })
  assert.equal(counted, 1)
})

test('without a valid key nothing is forwarded', async (t) => {
  const fixture = await startFixture(t)
  const wrong = [{}, { authorization: 'Bearer wrong' }, { authorization: 'Basic x' }, { cookie: 'holdfast=a.b' }]
  for (const headers of wrong as Record<string, string>[]) {
    const response = await fetch(`${fixture.url}/v1/sessions`, { headers })
    assert.equal(response.status, 401)
    assert.equal(response.headers.get('www-authenticate'), 'Bearer')
    assert.equal(await codeOf(response), 'UNAUTHENTICATED')
  }
  assert.equal(fixture.orchestrator.seen.length, 0)
})

test('nothing beside /v1 can be reached through the gateway', async (t) => {
  const fixture = await startFixture(t)
  for (const path of ['/v1/../internal/resolve/x', '/v1/%2e%2e/internal/resolve/x', '/internal/resolve/x']) {
    const answer = await fixture.speak(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${fixture.ann.key}\r\n\r\n`,
    )
    assert.match(answer, /^HTTP\/1.1 404 /, path)
  }
  assert.equal(fixture.orchestrator.seen.length, 0)
})

test('a body above 1 MiB is refused, with and without its length told before', async (t) => {
  const fixture = await startFixture(t)
  const body = Buffer.alloc(1024 * 1024 + 1, 'x')
  const told = await fetch(`${fixture.url}/v1/sessions`, { method: 'POST', headers: bearer(fixture), body })
  assert.equal(told.status, 413)
  assert.equal(await codeOf(told), 'TOO_LARGE')
  const headers = bearer(fixture, { 'transfer-encoding': 'chunked' })
  for (const [size, status] of [
    [body.length - 1, 200],
    [body.length, 413],
  ]) {
    const chunked = request(`${fixture.url}/v1/sessions`, { method: 'POST', headers })
    chunked.on('error', () => undefined).end(body.subarray(0, size))
    const [answer] = (await once(chunked, 'response')) as [IncomingMessage]
    assert.equal(answer.statusCode, status)
    answer.on('error', () => undefined).resume()
  }
})

test('the attach path without an upgrade is a bad request, and not forwarded', async (t) => {
  const fixture = await startFixture(t)
  const response = await fetch(`${fixture.url}/v1/sessions/test-00000000/attach`, { headers: bearer(fixture) })
  assert.equal(response.status, 400)
  assert.equal(fixture.orchestrator.seen.length, 0)
})

test('login gives a cookie that works, tells who it is, and dies with the key', async (t) => {
  const fixture = await startFixture(t)
  const response = await login(fixture)
  assert.deepEqual(await response.json(), { principal: 'ann', tenant: 'one', role: 'user' })
  const set = response.headers.get('set-cookie') ?? ''
  for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/', 'Max-Age=43200']) assert.ok(set.includes(part), part)
  assert.ok(!set.includes('Secure') && !set.includes(fixture.ann.key))
  const cookie = cookieOf(response)
  const who = () => fetch(`${fixture.url}/login`, { headers: { cookie: `other=1; ${cookie}` } })
  assert.deepEqual(await (await who()).json(), { principal: 'ann', tenant: 'one', role: 'user' })
  const listed = await fetch(`${fixture.url}/v1/sessions`, { headers: { cookie } })
  assert.equal(listed.status, 200)
  const forged = await fetch(`${fixture.url}/login`, { headers: { cookie: `${cookie}x` } })
  assert.equal(forged.status, 401)
  writeKeys(fixture.keysFile, [fixture.eve])
  assert.equal((await who()).status, 401)
})

test('login refuses wrong keys and malformed bodies; logout takes the cookie back', async (t) => {
  const fixture = await startFixture(t)
  const post = (body: string) =>
    fetch(`${fixture.url}/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  assert.equal((await post('{"key":"hf_wrong"}')).status, 401)
  for (const body of ['{"key":', '{}', '[]', `{"key":"${'x'.repeat(300)}"}`]) {
    assert.equal((await post(body)).status, 400, body)
  }
  const logout = await fetch(`${fixture.url}/logout`, { method: 'POST', headers: { origin: fixture.url } })
  assert.equal(logout.status, 204)
  assert.match(logout.headers.get('set-cookie') ?? '', /^holdfast=; .*Max-Age=0/)
})

test('a cookie alone changes nothing when the page is foreign or not told', async (t) => {
  const fixture = await startFixture(t)
  const cookie = cookieOf(await login(fixture))
  const remove = (headers: Record<string, string>) =>
    fetch(`${fixture.url}/v1/sessions/x`, { method: 'DELETE', headers: { cookie, ...headers } })
  assert.equal(await codeOf(await remove({})), 'ORIGIN_FORBIDDEN')
  assert.equal(await codeOf(await remove({ origin: 'https://evil.example' })), 'ORIGIN_FORBIDDEN')
  assert.equal(fixture.orchestrator.seen.length, 0)
  assert.equal((await remove({ origin: fixture.url })).status, 200)
  assert.equal((await login(fixture, { origin: 'https://evil.example' })).status, 403)
})

test('over TLS the cookie is Secure', async (t) => {
  const fixture = await startFixture(t, { HOLDFAST_ORIGINS: 'https://console.example' })
  const response = await login(fixture, { origin: 'https://console.example' })
  assert.match(response.headers.get('set-cookie') ?? '', /; Secure$/)
})

test('the console is served with a strict policy; hashed files are kept, the page is not', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'hfgw-console-'))
  t.after(() => rmSync(dir, { recursive: true }))
  mkdirSync(join(dir, 'assets'))
  writeFileSync(join(dir, 'index.html'), '<title>console</title>')
  writeFileSync(join(dir, 'assets', 'index-BxY3_k2Q.js'), 'go()')
  const fixture = await startFixture(t, { HOLDFAST_CONSOLE_DIR: dir })
  const page = await fetch(`${fixture.url}/`)
  assert.equal(await page.text(), '<title>console</title>')
  assert.equal(page.headers.get('cache-control'), 'no-cache')
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/)
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff')
  assert.equal(page.headers.get('referrer-policy'), 'no-referrer')
  const script = await fetch(`${fixture.url}/assets/index-BxY3_k2Q.js`)
  assert.match(script.headers.get('cache-control') ?? '', /immutable/)
  assert.equal(await codeOf(await fetch(`${fixture.url}/assets/none.js`)), 'NOT_FOUND')
  const outside = await fixture.speak('GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  assert.match(outside, /^HTTP\/1.1 40[034] /)
})

test('without a console the root says so', async (t) => {
  const fixture = await startFixture(t, { HOLDFAST_CONSOLE_DIR: '/does/not/exist' })
  const response = await fetch(`${fixture.url}/`)
  assert.equal(response.status, 200)
  assert.match(await response.text(), /No console/)
})
