/** Commands for scripts, against a gateway that writes down what it is asked. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, test } from 'node:test'
import { FakeHost, session } from '@holdfast/client/fake-host'
import { HoldfastError, problem } from '@holdfast/protocol'
import { run } from '../src/cli.ts'
import { emptyIo, holdfast, type Result } from './harness.ts'

const [A, B] = ['local-0000000000000a', 'local-0000000000000b']
let host: FakeHost
let home: string
let asked: [string, unknown][]
const env = () => ({ HOLDFAST_URL: host.url, HOLDFAST_KEY: 'hf_test', HOME: home, XDG_CONFIG_HOME: home })
const cli = (...argv: string[]): Promise<Result> => holdfast(argv, env())
const piped = async (input: string, ...argv: string[]): Promise<Result> => {
  const io = { ...emptyIo(env()), stdin: Readable.from([Buffer.from(input)]) as never }
  const exitCode = await run(argv, io)
  return { exitCode, out: io.stdout.text, err: io.stderr.text }
}
const answer = (call: string, body: unknown, status = 200): void => {
  host.answers[call] = (_request, text) => {
    asked.push([call, text === '' ? null : JSON.parse(text)])
    return { status, body }
  }
}
beforeEach(async () => {
  host = await FakeHost.start()
  home = mkdtempSync(join(tmpdir(), 'holdfast-cli-'))
  asked = []
  const all = [session({ id: A, name: 'build' }), session({ id: B, name: 'build tools' })]
  host.answers['GET /v1/sessions'] = () => ({ status: 200, body: { sessions: all } })
  host.answers[`GET /v1/sessions/${A}`] = () => ({ status: 200, body: all[0] })
})
afterEach(async () => {
  await host.stop()
  rmSync(home, { recursive: true })
})

test('send pastes and presses Enter apart; from standard input, without its last line end', async () => {
  answer(`POST /v1/sessions/${A}/input`, {})
  assert.equal((await cli('send', 'build', 'make', 'test')).exitCode, 0)
  assert.equal((await piped('two\nlines\n', 'send', 'build')).exitCode, 0)
  assert.equal((await cli('send', 'build', '--no-enter', 'x')).exitCode, 0)
  assert.deepEqual(
    asked.map(([, body]) => body),
    [{ paste: 'make test' }, { keys: ['Enter'] }, { paste: 'two\nlines' }, { keys: ['Enter'] }, { paste: 'x' }],
  )
})

test('keys go by name; an unknown one is refused by the host in words', async () => {
  answer(`POST /v1/sessions/${A}/input`, {})
  assert.equal((await cli('keys', A, 'C-c', 'Up', 'Enter')).exitCode, 0)
  assert.deepEqual(asked, [[`POST /v1/sessions/${A}/input`, { keys: ['C-c', 'Up', 'Enter'] }]])
  answer(
    `POST /v1/sessions/${A}/input`,
    problem(new HoldfastError('BAD_REQUEST', 'no terminal sends a key "Entr"')),
    400,
  )
  const { exitCode, err } = await cli('keys', A, 'Entr')
  assert.deepEqual([exitCode, err], [1, 'holdfast: no terminal sends a key "Entr"\n'])
})

test('a unique beginning finds a session, but not for what ends it; an ambiguous one lists them', async () => {
  answer(`POST /v1/sessions/${B}/input`, {})
  assert.equal((await cli('keys', 'build t', 'x')).exitCode, 0)
  const { exitCode, err } = await cli('keys', 'bui', 'x')
  assert.equal(exitCode, 1)
  assert.match(err, /2 sessions begin with "bui"; use an id:\n {2}local-0000000000000a {2}build/)
  assert.match((await cli('kill', 'build t')).err, /no session has the id or name "build t"/)
})

test('wait tells by its exit code whether that was met, and prints what was found', async () => {
  const call = `POST /v1/sessions/${A}/wait`
  answer(call, { met: true, text: 'listening on 80' })
  const found = await cli('wait', 'build', '--text', 'listening on \\d+', '--timeout', '30')
  assert.deepEqual([found.exitCode, found.out], [0, 'listening on 80\n'])
  const [, body] = asked[0] as [string, { until: string; text: string; timeoutMs: number }]
  assert.deepEqual([body.until, body.text], ['text', 'listening on \\d+'])
  assert.ok(body.timeoutMs > 20_000 && body.timeoutMs <= 30_000)
  answer(call, { met: false })
  assert.equal((await cli('wait', 'build', '--until', 'waiting', '--timeout', '1')).exitCode, 124)
  answer(call, { met: true, exitCode: 3, signal: null })
  assert.deepEqual(JSON.parse((await cli('wait', 'build', '--json')).out), { met: true, exitCode: 3, signal: null })
  for (const argv of [
    ['--until', 'soon'],
    ['--until', 'text'],
    ['--text', 'x', '--until', 'exit'],
    ['--timeout', '1m'],
  ])
    assert.equal((await cli('wait', 'build', ...argv)).exitCode, 2, argv.join(' '))
})

test('rename and label change what a session is found by', async () => {
  const call = `PATCH /v1/sessions/${A}`
  answer(call, session({ id: A, name: 'new', labels: { team: 'core', z: '' } }))
  assert.deepEqual(await cli('rename', 'build', 'new'), { exitCode: 0, out: `${A}\n`, err: '' })
  const { out } = await cli('label', 'build', 'team=core', 'z=', 'old-')
  assert.equal(out, 'team  core\nz\n')
  assert.deepEqual(asked, [
    [call, { name: 'new' }],
    [call, { labels: { team: 'core', z: '', old: null } }],
  ])
  assert.equal((await cli('label', 'build', '-')).exitCode, 2)
})

test('share makes a link that only looks, unless told otherwise, and says how to do the same in a terminal', async () => {
  const ticket = { ticket: 'tk_1', mode: 'ro', uses: 100, expiresAt: '2030-01-01T00:00:00.000Z' }
  answer(`POST /v1/sessions/${A}/tickets`, ticket, 201)
  const { out } = await cli('share', 'build')
  assert.match(out, new RegExp(`holdfast attach ${A} --url ${host.url} --ticket tk_1`))
  assert.ok(out.includes(`\n  ${host.url}/#/w/${A}/tk_1\n`), out)
  assert.match(out, /Read-only, until 2030/)
  const { ticket: given, link } = JSON.parse((await cli('share', 'build', '--write', '--uses', '1', '--json')).out)
  assert.deepEqual([given, link], ['tk_1', `${host.url}/#/w/${A}/tk_1`])
  assert.deepEqual(
    asked.map(([, body]) => body),
    [
      { mode: 'ro', ttlSeconds: 3600, uses: 100 },
      { mode: 'rw', ttlSeconds: 3600, uses: 1 },
    ],
  )
})

test('a ticket is all that an attach needs', async () => {
  host.print('shared\r\n')
  const io = { ...emptyIo({ HOME: home }), stdin: Readable.from([]) as never }
  const running = run(['attach', A, '--url', host.url, '--ticket', 'tk_1', '--read-only'], io)
  await host.until(() => host.viewers.size === 1)
  host.exit(0, null)
  assert.equal(await running, 0)
  assert.match(io.stdout.text, /shared/)
  const headers = host.upgrades[0]?.headers
  assert.match(String(headers?.['sec-websocket-protocol']), /holdfast\.v1, ?ticket\.tk_1/)
  assert.equal(headers?.authorization, undefined)
})

test('login tries the key before it keeps it; contexts are listed without keys, chosen and forgotten', async () => {
  answer('GET /v1/templates', problem(new HoldfastError('UNAUTHENTICATED', 'no such key')), 401)
  const wrong = await piped('hf_wrong\n', 'login', host.url)
  assert.deepEqual([wrong.exitCode, wrong.err.split('\n')[0]], [1, 'holdfast: no such key'])
  assert.equal((await cli('context', 'ls')).out, '  NAME  MODE  URL\n')
  answer('GET /v1/templates', { templates: [] })
  assert.equal((await piped('hf_good\n', 'login', host.url, '--name', 'dev')).exitCode, 0)
  const file = JSON.parse(readFileSync(join(home, 'holdfast/contexts.json'), 'utf8'))
  assert.deepEqual(file, { current: 'dev', contexts: { dev: { mode: 'distributed', url: host.url, key: 'hf_good' } } })
  const { out } = await cli('context', 'ls')
  assert.match(out, /^\* +dev +distributed +http/m)
  assert.ok(!out.includes('hf_good'))
  const byContext = await holdfast(['--context', 'dev', 'ls', '--json'], { HOME: home, XDG_CONFIG_HOME: home })
  assert.equal(JSON.parse(byContext.out).length, 2)
  assert.match((await cli('context', 'use', 'none')).err, /no context "none"/)
  assert.equal((await cli('context', 'rm', 'dev')).exitCode, 0)
  assert.equal((await cli('context', 'ls')).out, '  NAME  MODE  URL\n')
})

test('doctor finds what is broken and says what to do', async () => {
  answer('GET /v1/templates', problem(new HoldfastError('UNAUTHENTICATED', 'no such key')), 401)
  const { exitCode, out } = await cli('doctor')
  assert.equal(exitCode, 1)
  assert.match(out, /✗ gateway .*no such key\n {4}the key is not known there: `holdfast login URL`/)
  const findings = JSON.parse((await cli('doctor', '--json')).out) as { what: string; state: string }[]
  assert.deepEqual(findings.find(({ what }) => what.startsWith('gateway'))?.state, 'broken')
})

test('logs print all there is; -f goes on until the end', async () => {
  host.answers[`GET /v1/sessions/${A}/screen`] = ({ url }) => ({ status: 200, body: `asked ${url?.split('?')[1]}` })
  assert.match((await cli('logs', A, '--lines', '5')).out, /format=text&scrollback=5/)
  host.print('one\r\n')
  const following = cli('logs', '-f', A)
  await host.until(() => host.viewers.size === 1)
  host.print('two\r\n')
  host.exit(0, null)
  assert.deepEqual((await following).out.split('\r\n'), ['one', 'two', ''])
  assert.deepEqual(
    host.messages.find(({ type }) => type === 'attach'),
    { ...host.messages[0], mode: 'ro' },
  )
})

const command = (id: number, start: number, end: number | null) => ({ id, start, end })

test('logs --command prints the bytes of one command: the last one, one by its number, the rest of a long one', async () => {
  const commands = [command(3, 10, 14), command(4, 20, null)]
  host.answers[`GET /v1/sessions/${A}`] = () => ({ status: 200, body: session({ id: A, commands }) })
  const urls: (string | undefined)[] = []
  let from = '20'
  host.answers[`GET /v1/sessions/${A}/output`] = ({ url }) => {
    urls.push(url?.split('?')[1])
    return { status: 200, body: Buffer.from('a\x1b[31m\x1b[c\r\n'), headers: { 'holdfast-output-from': from } }
  }
  assert.deepEqual(await cli('logs', A, '--command', 'last'), { exitCode: 0, out: 'a\x1b[31m\x1b[c\r\n', err: '' })
  from = '12'
  const { exitCode, err } = await cli('logs', A, '--command', '3')
  assert.deepEqual(
    [exitCode, err],
    [0, 'holdfast: 2 bytes at its beginning are gone; the session keeps only the latest\n'],
  )
  assert.deepEqual(urls, ['from=20&partial=true', 'from=10&to=14&partial=true'])
  const io = emptyIo(env())
  assert.equal(
    await run(['logs', A, '--command', 'last'], { ...io, stdout: Object.assign(io.stdout, { isTTY: true }) }),
    0,
  )
  assert.equal(io.stdout.text, 'a\x1b[31m\r\n', 'a terminal is asked nothing')
})

test('logs --command without such a command, or with what is no number, says what is wrong', async () => {
  assert.match((await cli('logs', A, '--command', 'last')).err, /has no known command: its shell marks none/)
  host.answers[`GET /v1/sessions/${A}`] = () => ({ status: 200, body: session({ id: A, phase: 'exited' }) })
  assert.match(
    (await cli('logs', A, '--command', 'last')).err,
    /has no known command: it has ended, and its host is gone/,
  )
  const tmux = session({ id: A, runtime: 'tmux' })
  host.answers[`GET /v1/sessions/${A}`] = () => ({ status: 200, body: tmux })
  assert.match((await cli('logs', A, '--command', 'last')).err, /has no known command: tmux passes on no marks/)
  host.answers[`GET /v1/sessions/${A}`] = () => ({
    status: 200,
    body: session({ id: A, commands: [command(7, 0, 1)] }),
  })
  const { exitCode, err } = await cli('logs', A, '--command', '6')
  assert.deepEqual([exitCode, err], [1, `holdfast: session ${A} has no command 6; known are 7 to 7\n`])
  for (const words of [['0'], ['-1'], ['first'], ['1.5'], ['99999999999'], ['last', '-f'], ['last', '--lines', '3']])
    assert.equal((await cli('logs', A, '--command', ...words)).exitCode, 2, words.join(' '))
})
