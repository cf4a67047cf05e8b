import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { HoldfastClient } from '@holdfast/client'
import { FakeHost, session } from '@holdfast/client/fake-host'
import { nodeView } from '@holdfast/client/node-view'
import { HoldfastError, problem } from '@holdfast/protocol'
import { frame, report, type View } from '../src/top/view.ts'
import { type Snapshot, watch } from '../src/top/watch.ts'
import { holdfast } from './harness.ts'
import { OnPty } from './on-pty.ts'

/** A hang fails the test instead of the run. */
const LIMIT = { timeout: 60_000 }
const ENTER = '\x1b[?1049h'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'
const NOW = Date.now()

let host: FakeHost
let programs: OnPty[]
let sessions: Record<string, unknown>[]

const env = () => ({ HOLDFAST_URL: host.url, HOLDFAST_KEY: 'hf_test' })
const onPty = (size?: { cols: number; rows: number }): OnPty => {
  const program = new OnPty(['top'], env(), size)
  programs.push(program)
  return program
}
const refuse = (path: string, code: 'FORBIDDEN' | 'UNAUTHENTICATED' | 'STORE_UNAVAILABLE', words: string): void => {
  const error = new HoldfastError(code, words)
  host.answers[`GET ${path}`] = () => ({ status: error.statusCode, body: problem(error) })
}
const made = (name: string, ageSeconds: number, fields: Record<string, unknown> = {}) =>
  session({ id: `local-${name}`, name, createdAt: new Date(NOW - ageSeconds * 1000).toISOString(), ...fields })
const idleFor = (seconds: number) => ({ at: new Date(NOW - seconds * 1000).toISOString(), because: 'bytes' })
const names = (lines: string[]): (string | undefined)[] => lines.map((line) => line.split(' ')[0])

beforeEach(async () => {
  host = await FakeHost.start()
  programs = []
  sessions = [
    made('old', 7200, { viewers: 3, title: 'vim', activity: idleFor(600) }),
    made('new', 5, { command: 'htop', activity: idleFor(3) }),
    made('mid', 90, { phase: 'exited', node: null }),
  ]
  host.answers['GET /v1/sessions'] = () => ({ status: 200, body: { sessions } })
  host.answers['GET /v1/nodes'] = () => ({ status: 200, body: { nodes: [nodeView()], maintenance: null } })
  refuse('/v1/events', 'STORE_UNAVAILABLE', 'no events for now')
})
afterEach(async () => {
  for (const { pty } of programs) pty.kill('SIGKILL')
  await host.stop()
})

test('without a terminal it prints the table once: counts, nodes, newest first', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: NOW })
  const { exitCode, out } = await holdfast(['top'], env())
  assert.equal(exitCode, 0)
  assert.equal(
    out,
    [
      'sessions: 2 running, 1 exited',
      'n1: sessions 2/10, cpu 25%, memory 40%',
      'NAME  PHASE    NODE  VIEWERS  IDLE  AGE  TITLE',
      'new   running  n1    0        3s    5s   htop',
      'mid   exited   -     0        -     1m   bash',
      'old   running  n1    3        10m   2h   vim',
      '',
    ].join('\n'),
  )
})

test('who is no operator sees the sessions alone', async () => {
  refuse('/v1/nodes', 'FORBIDDEN', 'only operators may do this')
  const { exitCode, out } = await holdfast(['top', '--once'], env())
  assert.equal(exitCode, 0)
  assert.match(out, /nodes: only operators see them\nNAME/)
})

test('a frame is as large as the screen, also when that is tiny', () => {
  const snapshot = { sessions, nodes: null } as unknown as Snapshot
  const view: View = { snapshot, failure: null, order: 'v', above: 0 }
  const lines = frame(view, { cols: 12, rows: 9 }, NOW)
  assert.equal(lines.length, 9)
  assert.deepEqual(names(lines.slice(3, 6)), ['old', 'new', 'mid'])
  // biome-ignore lint/suspicious/noControlCharactersInRegex: SGR takes no cells
  for (const line of lines) assert(line.replace(/\x1b\[\d*m/g, '').length <= 12, line)
  assert.deepEqual(names(frame({ ...view, order: 'n' }, { cols: 80, rows: 6 }, NOW).slice(3, 5)), ['mid', 'new'])
  assert.deepEqual(names(frame({ ...view, order: 'i' }, { cols: 80, rows: 7 }, NOW).slice(3, 6)), ['old', 'new', 'mid'])
  assert.deepEqual(names(frame({ ...view, above: 1 }, { cols: 80, rows: 6 }, NOW).slice(3, 5)), ['new', 'mid'])
  for (const rows of [1, 2, 3, 4]) assert.equal(frame(view, { cols: 1, rows }, NOW).length, rows)
})

test('control characters of names, titles and nodes do not reach the terminal', () => {
  const hostile = [made('\x1b[2J\n', 1, { title: '\x9b31m', node: '\x07' })]
  const nodes = { nodes: [nodeView({ id: '\x1b]0;x\x07' })], maintenance: null }
  const snapshot = { sessions: hostile, nodes } as unknown as Snapshot
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  for (const line of report(snapshot, NOW)) assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f]/)
  const drawn = frame({ snapshot, failure: '\x1b[5m', order: 'a', above: 0 }, { cols: 80, rows: 9 }, NOW).join('')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  assert.doesNotMatch(drawn.replace(/\x1b\[7m|\x1b\[0m/g, ''), /[\x00-\x1f\x7f-\x9f]/)
})

test('an event has everything read anew, long before the period is over', LIMIT, async () => {
  const ended = new AbortController()
  const taken: number[] = []
  let told = false
  host.answers['GET /v1/events'] = () => {
    if (told) return { status: 503, body: problem(new HoldfastError('STORE_UNAVAILABLE', 'later')) }
    told = true
    sessions = [made('another', 1), ...sessions]
    return { status: 200, body: 'id: 1-0\ndata: {"type":"reset"}\n\n' }
  }
  const failed = (why: string): void => assert.fail(why)
  const note = (snapshot: Snapshot): void => {
    taken.push(snapshot.sessions.length)
    if (snapshot.sessions.length === 4) ended.abort()
  }
  const client = new HoldfastClient({ url: host.url, key: 'hf_test' })
  await watch(client, ended.signal, { taken: note, failed }, 3_600_000)
  assert.equal(taken.at(-1), 4)
})

test('what arrives after the end is not told: the terminal is no longer its own', LIMIT, async () => {
  const ended = new AbortController()
  host.answers['GET /v1/sessions'] = () => {
    ended.abort()
    return { status: 200, body: { sessions } }
  }
  const told = (): void => assert.fail('told after the end')
  const client = new HoldfastClient({ url: host.url, key: 'hf_test' })
  await watch(client, ended.signal, { taken: told, failed: told })
})

test('who is no operator is refused the nodes once', LIMIT, async () => {
  const ended = new AbortController()
  let [readings, refusals] = [0, 0]
  host.answers['GET /v1/nodes'] = () => {
    refusals += 1
    return { status: 403, body: problem(new HoldfastError('FORBIDDEN', 'only operators may do this')) }
  }
  const taken = (): void => {
    readings += 1
    if (readings === 3) ended.abort()
  }
  const client = new HoldfastClient({ url: host.url, key: 'hf_test' })
  await watch(client, ended.signal, { taken, failed: (why) => assert.fail(why) }, 1)
  assert.deepEqual([readings, refusals], [3, 1])
})

test('keys sort and scroll, new sessions appear, q gives the terminal back', LIMIT, async () => {
  const program = onPty({ cols: 80, rows: 6 })
  await program.shows('a [age]')
  assert(program.text.includes(ENTER))
  assert(!program.text.includes('vim'), 'two rows fit')
  program.type('j')
  await program.shows('vim')
  program.type('n')
  await program.shows('n [name]')
  program.type('\x1b[A')
  sessions = [made('a-later-one', 1), ...sessions]
  await program.shows('a-later-one')
  program.type('v')
  await program.shows('v [viewers]')
  program.type('q')
  assert.equal(await program.exited, 0)
  assert(program.text.endsWith(LEAVE), JSON.stringify(program.text.slice(-60)))
})

test('it follows the size of the window', LIMIT, async () => {
  const program = onPty({ cols: 80, rows: 5 })
  await program.shows('q quit')
  assert(!program.text.includes('vim'))
  program.pty.resize(80, 20)
  await program.shows('vim')
})

for (const [way, end] of [
  ['Ctrl-C', (program: OnPty) => program.type('\x03')],
  ['SIGTERM', (program: OnPty) => program.pty.kill('SIGTERM')],
] as const)
  test(`${way} gives the terminal back, too`, LIMIT, async () => {
    const program = onPty()
    await program.shows('q quit')
    end(program)
    assert.equal(await program.exited, 0)
    assert(program.text.endsWith(LEAVE))
  })

test('a failure that passes is told below the old table', LIMIT, async () => {
  const program = onPty()
  await program.shows('q quit')
  refuse('/v1/sessions', 'STORE_UNAVAILABLE', 'Redis is away')
  await program.shows('not up to date: Redis is away')
  host.answers['GET /v1/sessions'] = () => ({ status: 200, body: { sessions: [made('back', 1)] } })
  await program.shows('back')
})

test('a failure that does not pass ends it, with the terminal given back before the words', LIMIT, async () => {
  const program = onPty()
  await program.shows('q quit')
  refuse('/v1/sessions', 'UNAUTHENTICATED', 'the key was withdrawn')
  assert.equal(await program.exited, 1)
  const [, after = ''] = program.text.split(LEAVE)
  assert.match(after, /^holdfast: the key was withdrawn\r\n {2}check HOLDFAST_KEY/)
})
