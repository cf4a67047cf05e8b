import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { HoldfastError, problem, type ServerEvent } from '@holdfast/protocol'
import { HoldfastClient } from '../src/index.ts'
import { readProblem } from '../src/problem.ts'
import { FakeHost, session } from './fake-host.ts'

let host: FakeHost
let client: HoldfastClient
beforeEach(async () => {
  host = await FakeHost.start()
  client = new HoldfastClient({ url: `${host.url}/`, key: 'hf_test' })
})
afterEach(() => host.stop())

/** Answers one call and keeps what it said. */
const expect = (call: string, status: number, body: unknown) => {
  const seen: { url?: string; headers?: Record<string, unknown>; body?: unknown } = {}
  host.answers[call] = (request, text) => {
    Object.assign(seen, { url: request.url, headers: request.headers, body: text === '' ? null : JSON.parse(text) })
    return { status, body }
  }
  return seen
}

test('create sends the body, the wait, the idempotency key and the credentials', async () => {
  const seen = expect('POST /v1/sessions', 201, session())
  const created = await client.createSession({ command: 'vim' }, { waitSeconds: 5, idempotencyKey: 'k1' })
  assert.equal(created.id, session().id)
  assert.deepEqual(seen.body, { command: 'vim' })
  assert.equal(seen.headers?.prefer, 'wait=5')
  assert.equal(seen.headers?.['idempotency-key'], 'k1')
  assert.equal(seen.headers?.authorization, 'Bearer hf_test')
})

test('list repeats the labels in its query', async () => {
  const seen = expect('GET /v1/sessions', 200, { sessions: [session()], cursor: 'c' })
  const page = await client.listSessions({ phase: 'running', label: ['a=1', 'b=2'], limit: 5 })
  assert.equal(seen.url, '/v1/sessions?phase=running&label=a%3D1&label=b%3D2&limit=5')
  assert.equal(page.cursor, 'c')
})

test('output comes as bytes, with the place where they begin', async () => {
  const urls: unknown[] = []
  host.answers['GET /v1/sessions/s/output'] = ({ url }) => {
    urls.push(url)
    return { status: 200, body: Uint8Array.of(0, 255, 10), headers: { 'holdfast-output-from': '7' } }
  }
  const part = await client.output('s', { from: 5, to: 10, partial: true })
  assert.deepEqual(part, { from: 7, bytes: Uint8Array.of(0, 255, 10) })
  await client.output('s')
  assert.deepEqual(urls, ['/v1/sessions/s/output?from=5&to=10&partial=true', '/v1/sessions/s/output'])
})

test('automation calls send what the API expects', async () => {
  const input = expect('POST /v1/sessions/s/input', 204, '')
  await client.input('s', new Uint8Array([0, 255, 10]))
  assert.deepEqual(input.body, { base64: 'AP8K' })
  await client.input('s', 'ls\n')
  assert.deepEqual(input.body, { text: 'ls\n' })
  const resize = expect('POST /v1/sessions/s/resize', 204, '')
  await client.resize('s', 10, 5)
  assert.deepEqual(resize.body, { cols: 10, rows: 5 })
  const signal = expect('POST /v1/sessions/s/signal', 204, '')
  await client.signal('s', 'INT')
  assert.deepEqual(signal.body, { name: 'INT' })
  expect('POST /v1/sessions/s/wait', 200, { met: true })
  assert.deepEqual(await client.wait('s', { until: 'exit' }), { met: true })
  const screen = expect('GET /v1/sessions/s/screen', 200, 'line\n')
  assert.equal(await client.screen('s', 'ansi', 7), 'line\n')
  assert.equal(screen.url, '/v1/sessions/s/screen?format=ansi&scrollback=7')
  expect('GET /v1/templates', 200, { templates: [{ name: 'shell', command: ['bash'] }] })
  assert.deepEqual(await client.templates(), [{ name: 'shell', command: ['bash'] }])
  expect('DELETE /v1/sessions/s', 204, '')
  await client.deleteSession('s')
})

test('a problem becomes an error with its code and detail', async () => {
  expect('GET /v1/sessions/s', 503, problem(new HoldfastError('STORE_UNAVAILABLE', 'Redis is away')))
  await assert.rejects(client.getSession('s'), {
    name: 'HoldfastError',
    code: 'STORE_UNAVAILABLE',
    message: 'Redis is away',
  })
})

test('an answer that is none of ours gets its code from the status', () => {
  const codes = [401, 403, 404, 405, 413, 429, 502].map((status) => readProblem(status, '<html>').code)
  const want = ['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'BAD_REQUEST', 'TOO_LARGE', 'TOO_MANY', 'HOST_UNREACHABLE']
  assert.deepEqual(codes, want)
  assert.equal(readProblem(500, '{"code":"toString"}').code, 'HOST_UNREACHABLE')
})

test('a request that was cut on its way may be tried again', () => {
  for (const status of [400, 408]) assert.equal(readProblem(status, '').retryable, true, `${status}`)
})

const TOO_FAST = problem(new HoldfastError('TOO_MANY', 'too fast'))

test('a create that is told when to come again comes then, and says so', async () => {
  const waits: number[] = []
  let asked = 0
  host.answers['POST /v1/sessions'] = () => {
    asked += 1
    if (asked === 1) return { status: 429, body: TOO_FAST, headers: { 'retry-after': '0' } }
    return { status: 201, body: session() }
  }
  const created = await client.createSession(
    {},
    { onRetry: ({ code }, waitMs) => waits.push(code === 'TOO_MANY' ? waitMs : -1) },
  )
  assert.equal(created.id, session().id)
  assert.equal(asked, 2)
  assert.ok(waits.length === 1 && (waits[0] ?? -1) >= 0 && (waits[0] ?? 0) < 1000, waits.join())
})

test('a create does not wait longer than it may, nor for a refusal without a time, nor for a quota', async () => {
  const refusals: [unknown, Record<string, string>][] = [
    [TOO_FAST, { 'retry-after': '60' }],
    [TOO_FAST, {}],
    [TOO_FAST, { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }],
    [problem(new HoldfastError('QUOTA_EXCEEDED', 'full')), { 'retry-after': '0' }],
  ]
  for (const [body, headers] of refusals) {
    host.answers['POST /v1/sessions'] = () => ({ status: 429, body, headers })
    await assert.rejects(client.createSession({}, { onRetry: () => assert.fail('waits') }), { statusCode: 429 })
  }
})

test('a wait for the next create can be aborted', async () => {
  host.answers['POST /v1/sessions'] = () => ({ status: 429, body: TOO_FAST, headers: { 'retry-after': '20' } })
  const abort = new AbortController()
  const created = client.createSession({}, { signal: abort.signal, onRetry: () => abort.abort() })
  await assert.rejects(created, { name: 'AbortError' })
})

test('no server: the error names the URL', async () => {
  const lost = new HoldfastClient({ url: 'http://127.0.0.1:1', key: 'k' })
  await assert.rejects(lost.listSessions(), { code: 'HOST_UNREACHABLE', message: 'http://127.0.0.1:1 does not answer' })
})

test('an abort by the caller is no failure of the server', async () => {
  const signal = AbortSignal.abort()
  await assert.rejects(client.createSession({}, { signal }), { name: 'AbortError' })
})

test('why, deaths and reap ask for what they say', async () => {
  const asked: string[] = []
  for (const route of ['GET /v1/sessions/a/why', 'GET /v1/sessions/a/deaths', 'GET /v1/reap', 'POST /v1/reap']) {
    host.answers[route] = (_request, body) => {
      asked.push(`${route} ${body}`)
      return { status: 200, body: { deaths: [{ cause: 'exited' }], route } }
    }
  }
  assert.deepEqual(await client.deaths('a'), [{ cause: 'exited' }])
  await client.why('a')
  await client.reapable()
  await client.reap(['local-a-1'])
  assert.deepEqual(asked, [
    'GET /v1/sessions/a/deaths ',
    'GET /v1/sessions/a/why ',
    'GET /v1/reap ',
    'POST /v1/reap {"confirm":["local-a-1"]}',
  ])
})

test('events come over reconnects, and each connect asks for what came after the last one', async () => {
  const asked: (string | undefined)[] = []
  const answers = [
    '\uFEFF: hello\n\nid: 1\nevent: session\ndata: {"type":"session",\ndata: "session":{"id":"a"}}\n\nid: 2\ndata: {"type"',
    'id: 3\r\ndata: {"type":"session","session":{"id":"b"}}\r\n\r\n',
    '',
  ]
  host.answers['GET /v1/events'] = ({ headers }) => {
    asked.push(headers['last-event-id'] as string | undefined)
    return { status: 200, body: answers[asked.length - 1] ?? '' }
  }
  const abort = new AbortController()
  const seen: string[] = []
  const links: (string | null)[] = []
  const events: AsyncIterable<ServerEvent> = client.events(abort.signal, (failure) => links.push(failure))
  for await (const event of events) {
    seen.push(event.type === 'session' ? event.session.id : event.type)
    if (seen.length === 2) abort.abort()
  }
  assert.deepEqual(seen, ['a', 'b'])
  assert.deepEqual(asked.slice(0, 2), [undefined, '1'])
  assert.deepEqual(links.slice(0, 3), [null, 'the stream of events ended', null])
})

test('events: what a retry cannot heal is thrown', async () => {
  expect('GET /v1/events', 401, problem(new HoldfastError('UNAUTHENTICATED', 'who are you?')))
  const next = client.events(new AbortController().signal)[Symbol.asyncIterator]().next()
  await assert.rejects(next, { code: 'UNAUTHENTICATED' })
})
