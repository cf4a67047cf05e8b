import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { FakeHost, session } from '@holdfast/client/fake-host'
import { nodeView } from '@holdfast/client/node-view'
import { type Death, HoldfastError, problem } from '@holdfast/protocol'
import { holdfast, type Result } from './harness.ts'

const ID = 'local-0000000000000a'
const SINCE = '2026-11-01T00:00:00.000Z'

let host: FakeHost
let asked: string[]
const cli = (...argv: string[]): Promise<Result> => holdfast(argv, { HOLDFAST_URL: host.url, HOLDFAST_KEY: 'hf_test' })
const answer = (call: string, body: unknown): void => {
  host.answers[call] = ({ method, url }, text) => {
    asked.push(`${method} ${url}${text === '' ? '' : ` ${text}`}`)
    return { status: 200, body }
  }
}
const cells = (out: string): string[][] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/))

const death = (fields: Partial<Death> = {}): Death => ({
  session: ID,
  tenant: 'acme',
  name: 'build',
  template: 'shell',
  incarnation: '1',
  node: 'n1',
  hostId: `${ID}-1`,
  runtime: 'docker',
  cause: 'out-of-memory',
  detail: '',
  by: { kind: 'runtime', name: 'docker' },
  evidence: [`${SINCE} the engine said oom`],
  exitCode: 137,
  signal: null,
  coreDumped: false,
  oomKills: 2,
  startedAt: SINCE,
  endedAt: SINCE,
  hasScreen: true,
  ...fields,
})

beforeEach(async () => {
  host = await FakeHost.start()
  asked = []
  answer(`GET /v1/sessions/${ID}`, session({ id: ID }))
})
afterEach(() => host.stop())

test('admin alone lists what it can do; every part has a help with an example', async () => {
  const { exitCode, out, err } = await cli('admin')
  assert.deepEqual([exitCode, out], [2, ''])
  assert.deepEqual(await cli('admin', '--help'), { exitCode: 0, out: err, err: '' })
  assert.deepEqual(await cli('help', 'admin'), { exitCode: 0, out: err, err: '' })
  assert.match((await cli('help')).out, /^ {2}admin +For operators/m)
  for (const name of ['nodes', 'cordon', 'uncordon', 'drain', 'maintenance', 'why', 'deaths', 'reap', 'pools']) {
    assert.match(err, new RegExp(`^ {2}admin ${name} +\\w`, 'm'))
    const help = await cli('admin', name, '--help')
    assert.match(help.out, new RegExp(`^usage: holdfast admin ${name}[^]*examples:\n {2}holdfast admin ${name}`))
    assert.deepEqual(await cli('help', 'admin', name), help)
  }
})

test('nodes shows state, room and pressure, and what is the matter', async () => {
  const away = { id: 'n2', reachable: false, draining: true, cordoned: true, heartbeatAgeMs: null, pressure: null }
  const list = {
    nodes: [nodeView(), nodeView({ ...away, capacity: {}, lastError: 'refused\x1b[2J' })],
    maintenance: { since: SINCE },
  }
  answer('GET /v1/nodes', list)
  const { exitCode, out } = await cli('admin', 'nodes')
  assert.equal(exitCode, 0)
  const pressure = 'cpu 25%, memory 40%, disk 50%'
  assert.deepEqual(cells(out), [
    ['NODE', 'RUNTIME', 'STATE', 'HEARTBEAT', 'SESSIONS', 'CPUS', 'MEMORY MIB', 'PIDS', 'PRESSURE'],
    ['n1', 'docker', 'ready', '2s ago', '2/10', '1.5/8', '1024/-', '200/-', pressure],
    ['n2', 'docker', 'unreachable, draining', 'never', '2/-', '1.5/-', '1024/-', '200/-', 'not known'],
    [`maintenance since ${SINCE}: no timer ends a session`],
    ['node n2: refused�[2J'],
  ])
  assert.deepEqual(JSON.parse((await cli('admin', 'nodes', '--json')).out), list)
})

test('cordon, uncordon and drain act on one node and show it', async () => {
  const nodes = [nodeView(), nodeView({ id: 'n2', cordoned: true })]
  for (const act of ['cordon', 'uncordon', 'drain']) answer(`POST /v1/nodes/n2/${act}`, { nodes, maintenance: null })
  for (const act of ['cordon', 'uncordon', 'drain']) {
    const { exitCode, out } = await cli('admin', act, 'n2')
    assert.equal(exitCode, 0)
    assert.deepEqual(
      cells(out).map(([id, , state]) => [id, state]),
      [
        ['NODE', 'STATE'],
        ['n2', 'cordoned'],
      ],
    )
  }
  await cli('admin', 'drain', 'n2', '--end-idle', '600')
  assert.deepEqual(asked, [
    'POST /v1/nodes/n2/cordon',
    'POST /v1/nodes/n2/uncordon',
    'POST /v1/nodes/n2/drain',
    'POST /v1/nodes/n2/drain?endIdleSeconds=600',
  ])
})

test('maintenance is turned on and off', async () => {
  answer('PUT /v1/maintenance', { nodes: [], maintenance: { since: SINCE } })
  assert.equal((await cli('admin', 'maintenance', 'on')).out, `maintenance since ${SINCE}: no timer ends a session\n`)
  answer('PUT /v1/maintenance', { nodes: [], maintenance: null })
  assert.equal((await cli('admin', 'maintenance', 'off')).out, 'no maintenance: timers run\n')
  assert.deepEqual(asked, ['PUT /v1/maintenance {"on":true}', 'PUT /v1/maintenance {"on":false}'])
})

test('why says it in one sentence, then in parts', async () => {
  const why = {
    summary: 'Is pending and waits for room.',
    phase: 'pending',
    since: SINCE,
    owner: 'placement',
    waiting: { for: 'room on a node', since: SINCE, until: null },
    deadline: SINCE,
    conditions: [{ type: 'Reachable', status: 'Unknown', reason: 'not seen', since: SINCE }],
    lastDeath: death(),
  }
  answer(`GET /v1/sessions/${ID}/why`, why)
  assert.equal(
    (await cli('admin', 'why', ID)).out,
    `Is pending and waits for room.

phase        pending since ${SINCE}, overdue at ${SINCE}
next to act  placement
waits        for room on a node, since ${SINCE}, without end
conditions   Reachable Unknown since ${SINCE}: not seen
last death   ${SINCE} by runtime docker: out-of-memory (exit 137, 2 killed for memory)
             ${SINCE} the engine said oom
`,
  )
  assert.deepEqual(JSON.parse((await cli('admin', 'why', ID, '--json')).out), why)
})

test('why shows what keeps a running session, and when its limits are over', async () => {
  const why = {
    summary: 'Runs.',
    phase: 'running',
    since: SINCE,
    owner: 'command',
    waiting: null,
    deadline: null,
    conditions: [],
    activity: { at: SINCE, because: 'cpu' },
    ends: [
      { at: SINCE, because: 'idle', action: 'suspend' },
      { at: SINCE, because: 'ttl', action: 'stop' },
    ],
  }
  answer(`GET /v1/sessions/${ID}/why`, why)
  assert.equal(
    (await cli('admin', 'why', ID)).out,
    `Runs.

phase        running since ${SINCE}
next to act  command
waits        for nothing
last active  ${SINCE}, cpu: Its processes computed: more than 5 % of one core, measured at most every 10 s.
limits       suspended at ${SINCE} if idle until then
             ended at ${SINCE} by its time to live
`,
  )
})

test('deaths goes on until it has as many as asked for', async () => {
  host.answers['GET /v1/deaths'] = ({ url }) => {
    asked.push(url ?? '')
    const deaths = url?.includes('cursor=') ? [death({ name: 'two' })] : [death({ exitCode: null, signal: 'KILL' })]
    return { status: 200, body: { deaths, cursor: 'c' } }
  }
  const { exitCode, out } = await cli('admin', 'deaths', ID, '--limit', '2')
  assert.equal(exitCode, 0)
  const [, first, second] = cells(out)
  assert.deepEqual(first?.slice(1), [
    ID,
    'build',
    'n1',
    'runtime docker',
    'signal KILL, 2 killed for memory',
    'out-of-memory',
  ])
  assert.equal(second?.[2], 'two')
  assert.deepEqual(asked, [`/v1/deaths?limit=2&session=${ID}`, `/v1/deaths?limit=1&session=${ID}&cursor=c`])
})

const doubtful = {
  hostId: 'h1',
  node: 'n1',
  session: ID,
  tenant: 'acme',
  why: 'unknown',
  evidence: ['seen first', 'seen last'],
  needsWord: true,
}

test('reap without a word changes nothing', async () => {
  answer('GET /v1/reap', { unlisted: ['n2'], hosts: [doubtful] })
  for (const argv of [[], ['--dry-run']]) {
    const { exitCode, out } = await cli('admin', 'reap', ...argv)
    assert.equal(exitCode, 0)
    assert.deepEqual(cells(out).slice(1), [
      ['h1', 'n1', ID, 'acme', 'unknown', 'when confirmed', 'seen last'],
      ['node n2 gave no list: nothing is removed while that lasts; see `holdfast admin nodes`'],
    ])
  }
})

test('reap removes what is confirmed; exit 1 when some of it was kept', async () => {
  answer('POST /v1/reap', { removed: [doubtful], kept: [] })
  assert.deepEqual(await cli('admin', 'reap', '--confirm', 'all'), { exitCode: 0, out: 'removed h1\n', err: '' })
  answer('POST /v1/reap', { removed: [], kept: [{ hostId: 'h2', why: 'stale', reason: 'its session is back' }] })
  const { exitCode, out } = await cli('admin', 'reap', '--confirm', 'h1', 'h2')
  assert.deepEqual([exitCode, out], [1, 'kept h2: its session is back\n'])
  assert.deepEqual(asked, ['POST /v1/reap {"confirm":"all"}', 'POST /v1/reap {"confirm":["h1","h2"]}'])
})

test('pools are listed, and one is reset', async () => {
  const failing = { state: 'stopped', failures: 5, error: 'no image' }
  const pools = [
    { template: 'shell', node: 'n1', wanted: 4, waiting: 3, state: 'ok', failures: 0 },
    { template: 'broken', node: 'n1', wanted: 2, waiting: 0, ...failing },
  ]
  answer('GET /v1/pools', { pools })
  answer('POST /v1/pools/broken/reset', { pools })
  assert.deepEqual(cells((await cli('admin', 'pools')).out).slice(1), [
    ['shell', 'n1', '3/4', 'ok', '0', '-', '-'],
    ['broken', 'n1', '0/2', 'stopped', '5', '-', 'no image'],
  ])
  assert.equal(cells((await cli('admin', 'pools', 'reset', 'broken')).out).length, 2)
  assert.deepEqual(asked.slice(1), ['POST /v1/pools/broken/reset', 'GET /v1/pools'])
})

test('who is no operator is told whom to ask; an unknown node, where they are listed', async () => {
  for (const [code, words, hint] of [
    ['FORBIDDEN', 'only operators may do this', /ask an operator/],
    ['NODE_NOT_FOUND', 'no node is named "n9"', /`holdfast admin nodes` lists/],
  ] as const) {
    const error = new HoldfastError(code, words)
    host.answers['POST /v1/nodes/n9/cordon'] = () => ({ status: error.statusCode, body: problem(error) })
    const { exitCode, err } = await cli('admin', 'cordon', 'n9')
    assert.equal(exitCode, 1)
    assert(err.startsWith(`holdfast: ${words}\n`))
    assert.match(err, hint)
  }
})

const WRONG: [string[], RegExp][] = [
  [['frob'], /there is no command "admin frob"/],
  [['nodes', 'n1'], /takes no names/],
  [['cordon'], /name one node/],
  [['drain', 'n1', '--end-idle', 'soon'], /whole number/],
  [['maintenance', 'maybe'], /on or off/],
  [['why'], /name one session/],
  [['deaths', '--limit', '0'], /at least 1/],
  [['reap', 'h1'], /after --confirm/],
  [['reap', '--dry-run', '--confirm', 'all'], /exclude/],
  [['reap', '--confirm', 'all', 'h1'], /either all or hosts/],
  [['pools', 'empty', 'shell'], /`reset` and one template/],
]
for (const [argv, message] of WRONG)
  test(`holdfast admin ${argv.join(' ')}: says why, exit 2`, async () => {
    const { exitCode, out, err } = await cli('admin', ...argv)
    assert.deepEqual([exitCode, out], [2, ''])
    assert.match(err, message)
    assert.match(err, /usage: holdfast admin/)
  })
