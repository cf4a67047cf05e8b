import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { FakeHost, session } from '@holdfast/client/fake-host'
import { HoldfastError, problem } from '@holdfast/protocol'
import { printable, table } from '../src/table.ts'
import { holdfast, type Result } from './harness.ts'

const [A, B] = ['local-0000000000000a', 'local-0000000000000b']
let host: FakeHost
const cli = (...argv: string[]): Promise<Result> => holdfast(argv, { HOLDFAST_URL: host.url, HOLDFAST_KEY: 'hf_test' })
const list = (...sessions: unknown[]): void => {
  host.answers['GET /v1/sessions'] = () => ({ status: 200, body: { sessions } })
}
beforeEach(async () => {
  host = await FakeHost.start()
})
afterEach(() => host.stop())

test('columns are aligned, also with wide letters, and control characters do not reach the terminal', () => {
  const text = table(
    ['ID', 'NAME', 'AGE'],
    [
      ['1', '日本', '1s'],
      ['22', 'e\u0301a', '2s'],
      ['3', '\x1b[31m🚀', '3s'],
    ],
  )
  assert.equal(text, 'ID  NAME     AGE\n1   日本     1s\n22  e\u0301a       2s\n3   �[31m🚀  3s\n')
  assert.equal(printable('a\nb\x9b'), 'a�b�')
})

test('ls prints a table over all pages, and as JSON the sessions as they came', async () => {
  const createdAt = new Date(Date.now() - 7_205_000).toISOString()
  const agent = { name: 'claude-code', detector: 'claude-code@2', state: 'waiting', evidence: '❯ 1. Yes' }
  const pages = [
    {
      sessions: [session({ id: A, name: 'build', args: ['-l', 'x'.repeat(50)], viewers: 2, createdAt, agent })],
      cursor: 'next',
    },
    { sessions: [session({ id: B, name: B, phase: 'exited', command: 'vim', createdAt: new Date().toISOString() })] },
  ]
  const asked: string[] = []
  host.answers['GET /v1/sessions'] = ({ url }) => {
    asked.push(url ?? '')
    return { status: 200, body: url?.includes('cursor=next') ? pages[1] : pages[0] }
  }
  const { exitCode, out } = await cli('ls', '--label', 'a=1', '--label', 'b=2', '--phase', 'running')
  assert.equal(exitCode, 0)
  const lines = out.split('\n').map((line) => line.split(/ {2,}/))
  assert.deepEqual(lines[0], ['ID', 'NAME', 'PHASE', 'AGENT', 'TEMPLATE', 'COMMAND', 'SIZE', 'VIEWERS', 'AGE'])
  const command = `bash -l ${'x'.repeat(31)}…`
  assert.deepEqual(lines[1], [A, 'build', 'running', 'claude-code waiting', 'shell', command, '80x24', '2', '2h'])
  assert.deepEqual(lines[2]?.slice(0, 7), [B, B, 'exited', '-', 'shell', 'vim', '80x24'])
  assert.equal(asked[0], '/v1/sessions?phase=running&label=a%3D1&label=b%3D2&limit=200')
  assert.equal(asked[1], `${asked[0]}&cursor=next`)
  assert.deepEqual(JSON.parse((await cli('ls', '--json')).out), [
    ...(pages[0]?.sessions ?? []),
    ...(pages[1]?.sessions ?? []),
  ])
})

test('new -d sends what the flags say and prints the id', async () => {
  let body: unknown
  host.answers['POST /v1/sessions'] = (_request, text) => {
    body = JSON.parse(text)
    return { status: 201, body: session({ id: A }) }
  }
  const flags = ['--name', 'n', '--template', 't', '--label', 'a=b=c', '--env', 'X=', '--cwd', '/tmp', '--ttl', '60']
  const { exitCode, out, err } = await cli('new', '-d', ...flags, '--', 'ls', '-la', '--', '-h')
  assert.deepEqual([exitCode, out], [0, `${A}\n`])
  assert.match(err, /^(starting …\n)?$/)
  assert.deepEqual(body, {
    name: 'n',
    template: 't',
    labels: { a: 'b=c' },
    env: { X: '' },
    cwd: '/tmp',
    ttlSeconds: 60,
    command: 'ls',
    args: ['-la', '--', '-h'],
  })
  assert.equal(JSON.parse((await cli('new', '--json')).out).id, A)
  assert.deepEqual(body, {})
})

test('new sends what becomes of the session when it is idle or lost, and where it may be', async () => {
  let body: unknown
  host.answers['POST /v1/sessions'] = (_request, text) => {
    body = JSON.parse(text)
    return { status: 201, body: session({ id: A }) }
  }
  const idle = ['--idle', '600', '--idle-action', 'suspend']
  const place = ['--node-selector', 'disk=ssd', '--node-selector', 'zone=']
  const again = ['--restart', 'on-loss', '--resume-command', 'claude  --continue']
  assert.equal((await cli('new', '-d', ...idle, ...again, ...place)).exitCode, 0)
  assert.deepEqual(body, {
    idleSeconds: 600,
    idleAction: 'suspend',
    restart: 'on-loss',
    resume: ['claude', '--continue'],
    nodeSelector: { disk: 'ssd', zone: '' },
  })
})

test('new waits for a session that is still starting, with a word about it', async () => {
  host.answers['POST /v1/sessions'] = () => ({ status: 202, body: session({ id: A, phase: 'starting' }) })
  host.answers[`GET /v1/sessions/${A}`] = () => ({ status: 200, body: session({ id: A }) })
  assert.deepEqual(await cli('new', '-d'), { exitCode: 0, out: `${A}\n`, err: 'starting …\n' })
})

test('new tells why a session failed', async () => {
  const reason = 'command-not-found: there is no "vmi"'
  host.answers['POST /v1/sessions'] = () => ({ status: 201, body: session({ id: A, phase: 'failed', reason }) })
  const { exitCode, out, err } = await cli('new', '-d', 'vmi')
  assert.deepEqual([exitCode, out], [1, ''])
  assert.equal(err.replace(/^starting …\n/, ''), `holdfast: session ${A} failed to start: ${reason}\n`)
})

test('new waits when sessions are made too fast, and says so', async () => {
  let asked = 0
  host.answers['POST /v1/sessions'] = () => {
    asked += 1
    const tooFast = {
      status: 429,
      body: problem(new HoldfastError('TOO_MANY', 'too fast')),
      headers: { 'retry-after': '0' },
    }
    return asked === 1 ? tooFast : { status: 201, body: session({ id: A }) }
  }
  const { exitCode, out, err } = await cli('new', '-d')
  assert.deepEqual([exitCode, out], [0, `${A}\n`])
  assert.match(err, /^(starting …\n)?waiting: too fast …\n/)
})

test('usage shows what is used, and of what', async () => {
  const quota = { sessions: 20, cpus: 8, memoryMb: null, createsPerMinute: 60, burst: 10 }
  const usage = { tenant: 'acme', used: { sessions: 3, cpus: 1.5, memoryMb: 1536 }, quota }
  host.answers['GET /v1/usage'] = () => ({ status: 200, body: usage })
  const { out } = await cli('usage')
  assert.deepEqual(
    out.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['', 'USED', 'QUOTA'],
      ['sessions', '3', '20'],
      ['CPU cores', '1.5', '8'],
      ['memory, MiB', '1536', 'no limit'],
      ['new ones a minute', '60'],
      [''],
    ],
  )
  assert.deepEqual(JSON.parse((await cli('usage', '--json')).out), usage)
})

test('kill takes ids and names, prints what it ended, and goes on after a failure', async () => {
  list(session({ id: B, name: 'two' }), session({ id: 'local-0000000000000c', name: 'two', phase: 'exited' }))
  host.answers[`GET /v1/sessions/${A}`] = () => ({ status: 200, body: session({ id: A }) })
  const ended: string[] = []
  for (const id of [A, B])
    host.answers[`DELETE /v1/sessions/${id}`] = () => {
      ended.push(id)
      return { status: 204, body: '' }
    }
  const { exitCode, out, err } = await cli('kill', A, 'none', 'two')
  assert.deepEqual([exitCode, out, ended], [1, `${A}\n${B}\n`, [A, B]])
  assert.match(err, /^holdfast: no session has the id or name "none"\n {2}`holdfast ls` lists/)
})

test('a name that several live sessions have is refused, with the candidates', async () => {
  list(session({ id: A, name: 'same' }), session({ id: B, name: 'same' }))
  const { exitCode, err } = await cli('screen', 'same')
  assert.equal(exitCode, 1)
  assert.match(err, new RegExp(`2 sessions are named "same"; use an id:\\n {2}${A} .*\\n {2}${B} `))
})

test('a name may look like an id', async () => {
  list(session({ id: A, name: 'my-longname00' }))
  host.answers[`GET /v1/sessions/${A}/screen`] = () => ({ status: 200, body: 'hello' })
  assert.equal((await cli('screen', 'my-longname00')).out, 'hello\n')
})

test('screen asks for the format and the scrollback', async () => {
  let asked: string | undefined
  host.answers[`GET /v1/sessions/${A}`] = () => ({ status: 200, body: session({ id: A, phase: 'exited' }) })
  host.answers[`GET /v1/sessions/${A}/screen`] = ({ url }) => {
    asked = url
    return { status: 200, body: 'a\nb\n' }
  }
  assert.deepEqual(await cli('screen', A, '--format', 'html', '--scrollback', '5'), {
    exitCode: 0,
    out: 'a\nb\n',
    err: '',
  })
  assert.equal(asked, `/v1/sessions/${A}/screen?format=html&scrollback=5`)
})

test('a refusal is told in its own words with a hint', async () => {
  host.answers['GET /v1/sessions'] = () => ({
    status: 401,
    body: problem(new HoldfastError('UNAUTHENTICATED', 'the key is not known')),
  })
  const { exitCode, err } = await cli('ls')
  assert.equal(exitCode, 1)
  assert.match(err, /^holdfast: the key is not known\n {2}check HOLDFAST_KEY/)
})

test('a gateway that is not there: the URL, and what to do', async () => {
  const { exitCode, err } = await holdfast(['ls'], { HOLDFAST_URL: 'http://127.0.0.1:1', HOLDFAST_KEY: 'k' })
  assert.deepEqual(
    [exitCode, err],
    [1, 'holdfast: http://127.0.0.1:1 does not answer\n  is Holdfast running? `npm start` starts it\n'],
  )
})

test('extend asks for more time and prints when the session ends', async () => {
  host.answers[`GET /v1/sessions/${A}`] = () => ({ status: 200, body: session({ id: A }) })
  let body: unknown
  host.answers[`POST /v1/sessions/${A}/extend`] = (_request, text) => {
    body = JSON.parse(text)
    return { status: 200, body: session({ id: A, expiresAt: '2026-12-01T00:00:00.000Z', idleSeconds: 60 }) }
  }
  assert.deepEqual(await cli('extend', A, '--ttl', '3600'), {
    exitCode: 0,
    out: 'ends at 2026-12-01T00:00:00.000Z, or when idle for 60 s\n',
    err: '',
  })
  assert.deepEqual(body, { ttlSeconds: 3600 })
  assert.equal((await cli('extend', A)).exitCode, 2)
})

test('suspend and resume take ids and names, and print what they did it to', async () => {
  const asked: [string | undefined, string][] = []
  for (const id of [A, B]) {
    host.answers[`GET /v1/sessions/${id}`] = () => ({ status: 200, body: session({ id }) })
    for (const action of ['suspend', 'resume']) {
      host.answers[`POST /v1/sessions/${id}/${action}`] = ({ url }, text) => {
        asked.push([url, text])
        return { status: 200, body: session({ id }) }
      }
    }
  }
  assert.deepEqual(await cli('suspend', '--freeze', A, B), { exitCode: 0, out: `${A}\n${B}\n`, err: '' })
  assert.deepEqual(await cli('resume', A), { exitCode: 0, out: `${A}\n`, err: '' })
  assert.deepEqual(asked, [
    [`/v1/sessions/${A}/suspend`, '{"freeze":true}'],
    [`/v1/sessions/${B}/suspend`, '{"freeze":true}'],
    [`/v1/sessions/${A}/resume`, ''],
  ])
  assert.equal((await cli('suspend')).exitCode, 2)
})
