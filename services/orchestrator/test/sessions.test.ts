/** The session API on real parts: create, read, list, delete, and what a caller gets for mistakes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { HOST_COMMAND, LINGER_MS, newWorld, startOrchestrator, tokenOf } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)

test('create answers 201 with a running session that can be typed into', { skip }, async (t) => {
  const { call } = await startOrchestrator(t, await newWorld(t, server()))
  const body = { name: 'mine', labels: { team: 'a' }, cols: 100, rows: 30, env: { EXTRA: 'hello' } }
  const made = await call('POST', '/v1/sessions', body)
  assert.equal(made.status, 201, made.text)
  const { id, phase, name, labels, cols, rows, node, runtime, startedAt } = made.session
  assert.equal(made.headers.location, `/v1/sessions/${id}`)
  assert.deepEqual(
    { phase, name, labels, cols, rows, node, runtime },
    { phase: 'running', name: 'mine', labels: { team: 'a' }, cols: 100, rows: 30, node: 'local', runtime: 'process' },
  )
  assert.ok(startedAt !== undefined)
  const typed = await call('POST', `/v1/sessions/${id}/input`, { text: 'echo "$EXTRA-$FROM_TEMPLATE"\n' })
  assert.ok(typed.status < 300, typed.text)
  const waited = await call('POST', `/v1/sessions/${id}/wait`, {
    until: 'text',
    text: '^hello-yes-it-is',
    timeoutMs: 10_000,
  })
  assert.equal(waited.body.met, true, waited.text)
  const resized = await call('POST', `/v1/sessions/${id}/resize`, { cols: 120, rows: 40 })
  assert.ok(resized.status < 300, resized.text)
  await eventually('the new size', async () => (await call('GET', `/v1/sessions/${id}`)).session.cols === 120)
  const screen = await call('GET', `/v1/sessions/${id}/screen?format=json`)
  assert.ok(
    (screen.body.lines as string[]).some((line) => line.startsWith('hello-yes-it-is')),
    screen.text,
  )
  assert.match((await call('GET', `/v1/sessions/${id}/screen`)).text, /^hello-yes-it-is/m)
})

test('policies come from the body, else from the template, else they are the usual ones', { skip }, async (t) => {
  const { call, create } = await startOrchestrator(t, await newWorld(t, server()))
  const policies = async (body: object) => {
    const { id, sizePolicy, clipboard } = await create(body)
    const read = (await call('GET', `/v1/sessions/${id}`)).session
    assert.deepEqual([read.sizePolicy, read.clipboard], [sizePolicy, clipboard])
    return [sizePolicy, clipboard]
  }
  assert.deepEqual(await policies({}), ['latest', 'controller'])
  assert.deepEqual(await policies({ template: 'pinger' }), ['smallest', 'off'])
  assert.deepEqual(await policies({ template: 'pinger', sizePolicy: 'fixed', clipboard: 'controller' }), [
    'fixed',
    'controller',
  ])
})

test('one session is read with the title and the commands that its shell marked', { skip }, async (t) => {
  const { call, create } = await startOrchestrator(t, await newWorld(t, server()))
  const script =
    'printf "\\e]2;my title\\a\\e]133;C;cmdline=make\\a"; echo text; printf "\\e]133;D;2\\a"; exec sleep 600'
  const { id } = await create({ command: 'bash', args: ['-c', script] })
  const read = async () => (await call('GET', `/v1/sessions/${id}`)).session
  const { title, commands } = await eventually('the command and the title', async () => {
    const session = await read()
    return session.commands?.at(0)?.state === 'ended' && session.title === 'my title' && session
  })
  assert.equal(title, 'my title')
  const [command] = commands ?? []
  assert.equal(commands?.length, 1)
  assert.deepEqual([command?.command, command?.exitCode, (command?.end ?? 0) - (command?.start ?? 0)], ['make', 2, 6])
  const { start = 0, end } = command ?? {}
  const output = await call('GET', `/v1/sessions/${id}/output?from=${start}&to=${end}`)
  assert.deepEqual([output.text, output.headers['content-type']], ['text\r\n', 'application/octet-stream'])
  assert.equal(output.headers['holdfast-output-from'], `${start}`)
  const { sessions } = (await call('GET', '/v1/sessions')).body as { sessions: Record<string, unknown>[] }
  assert.deepEqual([sessions[0]?.id, sessions[0]?.commands], [id, undefined], 'a list asks no host')
})

test('what a session uses is told when it is asked for', { skip }, async (t) => {
  const { call, create } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({ command: 'sleep', args: ['600'] })
  const read = async (query: string) => (await call('GET', `/v1/sessions/${id}${query}`)).session.resources
  const { memoryBytes = 0, processes = 0 } = (await read('?resources=true')) ?? {}
  assert.ok(memoryBytes > 0 && processes > 0)
  assert.deepEqual([await read(''), await read('?resources=false')], [undefined, undefined])
  assert.equal((await call('GET', `/v1/sessions/${id}?resources=much`)).status, 400)
})

test('the exit code is recorded, the screen is kept after the host is gone', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const { call, create, phase } = await startOrchestrator(t, world)
  const { id } = await create({ command: 'sh', args: ['-c', 'echo last words; exit 7'] })
  const ended = await phase(id, 'exited')
  assert.equal(ended.exitCode, 7)
  assert.equal(ended.signal, null)
  assert.equal(ended.reason, 'exited: exit code 7')
  await eventually('the host is removed', async () => (await world.runtime.list()).length === 0)
  for (const format of ['text', 'ansi', 'html', 'json']) {
    assert.match((await call('GET', `/v1/sessions/${id}/screen?format=${format}`)).text, /last words/, format)
  }
  assert.equal((await call('POST', `/v1/sessions/${id}/input`, { text: 'x' })).body.code, 'SESSION_ENDED')
  assert.equal((await call('POST', `/v1/sessions/${id}/tickets`, {})).body.code, 'SESSION_ENDED')
  // As the host answered while it was there.
  const end = { exitCode: 7, signal: null }
  for (const [wait, answer] of [
    [{ until: 'exit' }, { met: true, ...end }],
    [{ until: 'idle' }, { met: true, ...end }],
    [{ until: 'prompt' }, { met: false, ...end }],
    [{ until: 'waiting' }, { met: false, ...end }],
    [
      { until: 'text', text: 'w.rds$' },
      { met: true, text: 'words', ...end },
    ],
    [
      { until: 'text', text: 'never' },
      { met: false, ...end },
    ],
  ] as const) {
    assert.deepEqual((await call('POST', `/v1/sessions/${id}/wait`, wait)).body, answer, JSON.stringify(wait))
  }
})

test('a session whose own leader is killed has failed: nobody knows how its command ended', { skip }, async (t) => {
  const { create, phase } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({ command: 'sh', args: ['-c', 'sleep 0.2; kill -9 $PPID; sleep 60'] })
  assert.match((await phase(id, 'failed')).reason ?? '', /^leader-killed: /)
})

test('a core dump is told', { skip }, async (t) => {
  const { create, phase } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({ command: 'sh', args: ['-c', 'cd /tmp; ulimit -c unlimited; kill -SEGV $$'] })
  assert.match((await phase(id, 'exited')).reason ?? '', /^exited: signal SEGV \(core dumped\)$/)
})

test('a session killed by a signal says which', { skip }, async (t) => {
  const { call, create, phase } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({ command: 'sleep', args: ['600'] })
  const sent = await call('POST', `/v1/sessions/${id}/signal`, { name: 'KILL' })
  assert.ok(sent.status < 300, sent.text)
  const ended = await phase(id, 'exited')
  assert.equal(ended.signal, 'KILL')
  assert.equal(ended.exitCode, null)
})

test('what cannot start is a failed session with a reason, and leaves no host', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const { call } = await startOrchestrator(t, world)
  const command = await call('POST', '/v1/sessions', { command: 'no-such-command-here' })
  assert.equal(command.status, 201)
  assert.equal(command.session.phase, 'failed')
  assert.match(command.session.reason ?? '', /^command-not-found: /)
  const cwd = await call('POST', '/v1/sessions', { cwd: '/no/such/directory' })
  assert.equal(cwd.session.phase, 'failed')
  assert.match(cwd.session.reason ?? '', /^cwd-not-found: /)
  await eventually('no host is left', async () => (await world.runtime.list()).length === 0)
  const screen = await call('GET', `/v1/sessions/${command.session.id}/screen`)
  assert.equal(screen.status, 404)
  assert.equal((await call('DELETE', `/v1/sessions/${command.session.id}`)).status, 204)
})

test('the same Idempotency-Key gives the same session, another body a conflict', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const { call } = await startOrchestrator(t, world)
  const key = { 'idempotency-key': 'once' }
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => call('POST', '/v1/sessions', { name: 'one', labels: { a: '1', b: '2' } }, key)),
  )
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]))
  assert.equal(new Set(answers.map(({ session }) => session.id)).size, 1)
  assert.equal((await world.runtime.list()).length, 1)
  const spelled = await call('POST', '/v1/sessions', { labels: { b: '2', a: '1' }, name: 'one' }, key)
  assert.equal(spelled.session.id, answers[0]?.session.id)
  const other = await call('POST', '/v1/sessions', { name: 'two' }, key)
  assert.equal(other.status, 409)
  assert.equal(other.body.code, 'IDEMPOTENCY_CONFLICT')
  const long = await call('POST', '/v1/sessions', {}, { 'idempotency-key': 'k'.repeat(256) })
  assert.equal(long.status, 400)
})

test('Prefer: wait=0 answers 202 at once; the session runs a little later', { skip }, async (t) => {
  const { call, phase } = await startOrchestrator(t, await newWorld(t, server()))
  const made = await call('POST', '/v1/sessions', {}, { prefer: 'respond-async, wait=0' })
  assert.equal(made.status, 202)
  assert.ok(['pending', 'starting'].includes(made.session.phase))
  await phase(made.session.id, 'running')
})

test('delete is legal in every phase, waits for the end and forgets', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const { call, create, phase } = await startOrchestrator(t, world)
  const starting = await call('POST', '/v1/sessions', {}, { prefer: 'wait=0' })
  const running = await create({ command: 'sleep', args: ['600'] })
  const ended = await create({ command: 'true' })
  await phase(ended.id, 'exited')
  for (const { id } of [starting.session, running, ended]) {
    assert.equal((await call('DELETE', `/v1/sessions/${id}`)).status, 204, id)
    assert.equal((await call('GET', `/v1/sessions/${id}`)).status, 404)
    assert.equal((await call('DELETE', `/v1/sessions/${id}`)).body.code, 'SESSION_NOT_FOUND')
  }
  assert.deepEqual(await world.runtime.list(), [])
  assert.deepEqual((await call('GET', '/v1/sessions')).body.sessions, [])
})

test('a session that ignores HUP and TERM is killed by delete', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const { call, create } = await startOrchestrator(t, world)
  const { id } = await create({ command: 'sh', args: ['-c', 'trap "" HUP TERM; while :; do sleep 1; done'] })
  assert.equal((await call('DELETE', `/v1/sessions/${id}`)).status, 204)
  assert.deepEqual(await world.runtime.list(), [])
})

test('lists are paged, newest first, and filtered by label and phase', { skip }, async (t) => {
  const { call, create, phase } = await startOrchestrator(t, await newWorld(t, server()))
  const ids: string[] = []
  for (const [team, command] of [
    ['a', 'sleep'],
    ['b', 'sleep'],
    ['a', 'true'],
  ] as const) {
    const { id } = await create({ command, args: ['600'], labels: { team, 'made/by': 'test' } })
    ids.unshift(id)
  }
  await phase(ids[0] ?? '', 'exited')
  const list = async (query: string) =>
    (await call('GET', `/v1/sessions?${query}`)).body as { sessions: { id: string }[]; cursor?: string }
  const idsOf = (page: { sessions: { id: string }[] }) => page.sessions.map(({ id }) => id)
  const first = await list('limit=2')
  assert.deepEqual(idsOf(first), ids.slice(0, 2))
  const second = await list(`limit=2&cursor=${encodeURIComponent(first.cursor ?? '')}`)
  assert.deepEqual(idsOf(second), ids.slice(2))
  assert.equal(second.cursor, undefined)
  assert.deepEqual(idsOf(await list('label=team%3Da')), [ids[0], ids[2]])
  assert.deepEqual(idsOf(await list('label=team%3Da&label=made/by%3Dtest&phase=running')), [ids[2]])
  for (const query of [
    'limit=0',
    'limit=201',
    'limit=x',
    'phase=asleep',
    'label=nonsense',
    'cursor=%21',
    'colour=red',
  ]) {
    assert.equal((await call('GET', `/v1/sessions?${query}`)).status, 400, query)
  }
})

test('a tenant sees nothing of another', { skip }, async (t) => {
  const { call, create } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({})
  const other = { authorization: tokenOf({ tenant: 'rival' }) }
  assert.equal((await call('GET', `/v1/sessions/${id}`, undefined, other)).status, 404)
  assert.equal((await call('DELETE', `/v1/sessions/${id}`, undefined, other)).status, 404)
  assert.equal((await call('POST', `/v1/sessions/${id}/input`, { text: 'x' }, other)).status, 404)
  assert.equal((await call('POST', `/v1/sessions/${id}/tickets`, {}, other)).status, 404)
  assert.deepEqual((await call('GET', '/v1/sessions', undefined, other)).body.sessions, [])
})

test('bad requests are refused with the reason, and leave nothing behind', { skip }, async (t) => {
  const { call } = await startOrchestrator(t, await newWorld(t, server()))
  const json = { 'content-type': 'application/json' }
  const refused: [unknown, RegExp, Record<string, string>?][] = [
    ['{"name":', /JSON|malformed|body/i, json],
    [[], /object/],
    [{ cols: 0 }, /cols/],
    [{ cols: -1 }, /cols/],
    [{ rows: 1_000_000 }, /rows/],
    [{ cols: '80' }, /cols: must be integer/],
    [{ colour: 'red', shape: 'round' }, /colour, shape/],
    [{ command: '' }, /command/],
    [{ args: [1] }, /args\.0/],
    [{ env: { 'no good': 'x' } }, /env/],
    [{ ttlSeconds: 0.5 }, /ttlSeconds/],
    [{ limits: { memoryMb: 1 } }, /limits\.memoryMb/],
    [{ region: 'mars' }, /region/],
    [null, /object/, json],
  ]
  for (const [body, reason, headers] of refused) {
    const answer = await call('POST', '/v1/sessions', body === null ? 'null' : body, headers)
    assert.equal(answer.status, 400, `${JSON.stringify(body)}: ${answer.text}`)
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
    assert.equal(answer.body.code, 'BAD_REQUEST')
    assert.match(String(answer.body.detail), reason)
  }
  const large = await call('POST', '/v1/sessions', { name: 'x'.repeat(2 * 1024 * 1024) })
  assert.equal(large.status, 413)
  assert.equal(large.body.code, 'TOO_LARGE')
  const template = await call('POST', '/v1/sessions', { template: 'nope' })
  assert.equal(template.status, 422)
  assert.equal(template.body.code, 'UNKNOWN_TEMPLATE')
  for (const id of ['..%2f..', 'UPPER', 'x', `local-${'a'.repeat(60)}`]) {
    assert.equal((await call('GET', `/v1/sessions/${id}`)).status, 400, id)
  }
  assert.equal((await call('GET', '/v1/sessions/local-00000000000000')).body.code, 'SESSION_NOT_FOUND')
  assert.deepEqual((await call('GET', '/v1/sessions')).body.sessions, [])
})

test('without a valid service token nothing is answered', { skip }, async (t) => {
  const { app } = await startOrchestrator(t, await newWorld(t, server()))
  for (const authorization of [undefined, 'Bearer x', 'Bearer x.y', `${tokenOf()}x`, 'Basic abc']) {
    const headers = authorization === undefined ? {} : { authorization }
    for (const url of ['/v1/sessions', '/v1/templates', '/internal/resolve/local-00000000000000', '/v1/openapi.json']) {
      assert.equal((await app.inject({ url, headers })).statusCode, 401, `${authorization} ${url}`)
    }
  }
})

test('output by offset: bad requests, other tenants, and an end after which it is there as long as the host is', {
  skip,
}, async (t) => {
  // It must be there long enough to be asked.
  const patient = HOST_COMMAND.map((part) =>
    part === `HOLDFAST_LINGER_MS=${LINGER_MS}` ? 'HOLDFAST_LINGER_MS=6000' : part,
  )
  const { call, create } = await startOrchestrator(t, await newWorld(t, server(), patient))
  const { id } = await create({ command: 'bash', args: ['-c', 'printf 0123456789; read line; printf end'] })
  const output = (query: string, headers = {}) => call('GET', `/v1/sessions/${id}/output?${query}`, undefined, headers)
  await eventually('ten bytes', async () => (await output('')).text === '0123456789')
  for (const query of ['from=5&to=4', 'from=-1', 'from=x', 'to=11', 'from=9007199254740992', 'partial=maybe', 'what=1'])
    assert.equal((await output(query)).body.code, 'BAD_REQUEST', query)
  const stranger = { authorization: tokenOf({ tenant: 'other' }) }
  assert.equal((await output('', stranger)).body.code, 'SESSION_NOT_FOUND')
  assert.equal((await output('from=4&to=6')).text, '45')
  await call('POST', `/v1/sessions/${id}/input`, { text: '\n' })
  await eventually('the end of the output', async () => (await output('')).text.endsWith('end'))
  await eventually('the host is gone', async () => (await output('')).body.code === 'SESSION_ENDED')
})
