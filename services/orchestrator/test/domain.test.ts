/** Parts that need no other process: templates, removals a minute, words of hosts. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { HostStatus } from '@holdfast/protocol'
import { readConfig } from '../src/config.ts'
import { createGovernor } from '../src/governor.ts'
import { hostProblem } from '../src/host-request.ts'
import { hostLimits } from '../src/host-spec.ts'
import { findDeathNote, parseStatus } from '../src/host-words.ts'
import { parseNodes, readNodes } from '../src/node-file.ts'
import { newsOf } from '../src/node-news.ts'
import { parseTemplates } from '../src/templates.ts'

test('the templates of the repository are valid; the first is the default', () => {
  const path = join(import.meta.dirname, '../../../templates.yaml')
  const templates = parseTemplates(readFileSync(path, 'utf8'), path)
  assert.equal(templates.default.name, 'shell')
  assert.equal(templates.get('isolated').network, false)
  assert.throws(() => templates.get('nope'), { code: 'UNKNOWN_TEMPLATE' })
})

test('of what a session is given by default, /tmp is at most half of its memory', () => {
  assert.deepEqual(hostLimits({ memoryMb: 256, replayBytes: 1 }), {
    memoryMb: 256,
    cpus: 2,
    pids: 512,
    files: 4096,
    tmpMb: 128,
  })
  assert.equal(hostLimits({}).tmpMb, 256)
  assert.equal(hostLimits({ memoryMb: 256, tmpMb: 300 }).tmpMb, 300, 'what is asked for is given')
})

test('templates may be JSON, and every mistake in the file is told at once', () => {
  assert.equal(parseTemplates('{"templates": [{"name": "a", "command": ["sh"]}]}', 'x').default.name, 'a')
  const wrong =
    '[{name: "Bad Name", command: []}, {name: b}, {name: c, command: [sh], colour: red}, {name: c, command: [sh]}]'
  const faults = [
    /x:/,
    /template 1: name/,
    /template 1: command/,
    /template 2: .*command/,
    /template 3: .*colour/,
    /two .*"c"/,
  ]
  for (const fault of faults) assert.throws(() => parseTemplates(wrong, 'x'), fault)
  for (const empty of ['', '[]', 'text', '{}']) assert.throws(() => parseTemplates(empty, 'x'), /at least one/)
  assert.throws(() => parseTemplates('[{', 'x'), /^HoldfastError: x: /)
})

test('the nodes file: every mistake at once, and this machine where it names none', () => {
  const good = `nodes:
- id: local
- id: big
  engine: { tls: { host: 10.0.0.7, ca: /a, cert: /b, key: /c } }
  door: 10.0.0.7:7070
  labels: { disk: ssd }
  capacity: { cpus: 32, sessions: 300 }`
  assert.deepEqual(
    parseNodes(good, 'x').map(({ id }) => id),
    ['local', 'big'],
  )
  assert.deepEqual(parseNodes('', 'x'), [])
  assert.deepEqual(readNodes('/dev/null'), [{ id: 'local' }])
  const wrong =
    '[{id: Big}, {id: b, engine: {}}, {id: c, capacity: {cpus: 0}}, {id: c, engine: {socket: rel}, colour: red}]'
  const faults = [
    /node 1: id/,
    /node 2: engine/,
    /node 3: capacity.cpus/,
    /node 4: .*colour/,
    /node 4: engine.socket/,
    /two .*"c"/,
  ]
  for (const fault of faults) assert.throws(() => parseNodes(wrong, 'x'), fault)
  assert.throws(() => parseNodes('[{id: a}, {id: b}]', 'x'), /only one node may be without an engine/)
  const tls = 'engine: {tls: {host: h, ca: /a, cert: /b, key: /c}}'
  assert.throws(() => parseNodes(`[{id: a, ${tls}}]`, 'x'), /node 1: door: .*needs one/)
  assert.throws(() => parseNodes('[{id: a, door: "10.0.0.7:1"}]', 'x'), /door: this machine needs none/)
  for (const door of ['8.8.8.8:70', '0.0.0.0:70', '[2001:db8::1]:70']) {
    assert.throws(() => parseNodes(`[{id: a, ${tls}, door: "${door}"}]`, 'x'), /door: must be a private address/)
  }
  assert.equal(parseNodes(`[{id: a, ${tls}, door: "[fd00::7]:70"}]`, 'x').length, 1)
  const pods = 'engine: {kubernetes: {namespace: sessions}}'
  assert.equal(parseNodes(`[{id: local}, {id: a, ${pods}}]`, 'x').length, 2)
  assert.throws(() => parseNodes(`[{id: a, ${pods}, door: "10.0.0.7:1"}]`, 'x'), /door: pods .* without one/)
  assert.throws(() => parseNodes('[{id: a, engine: {kubernetes: {}}}]', 'x'), /node 1: engine.kubernetes.*namespace/)
  assert.throws(() => parseNodes('text', 'x'), /x: a list of nodes/)
  assert.throws(() => parseNodes('[{', 'x'), /^HoldfastError: x: /)
})

test('the governor allows five removals a minute, or two percent', () => {
  let now = 0
  const governor = createGovernor(() => now)
  const allowed = (hosts: number, tries: number) =>
    Array.from({ length: tries }, () => governor.allow(hosts)).filter((yes) => yes).length
  assert.equal(allowed(10, 100), 5)
  assert.equal(allowed(1000, 100), 15)
  now = 60_001
  assert.equal(allowed(1000, 100), 20)
})

const status: HostStatus = {
  hostId: 'local-1-a',
  protocol: 'holdfast.v1',
  claim: null,
  epoch: null,
  offset: 0,
  cols: 80,
  rows: 24,
  viewers: 0,
  title: '',
  cwd: null,
  commands: 0,
  startedAt: null,
  activity: { at: '2026-01-01T00:00:00Z', because: 'start' },
  expiring: null,
  agent: null,
  oomKills: 0,
  exit: null,
}

test('a host’s status is taken only when it is whole and its own', () => {
  assert.deepEqual(parseStatus(JSON.stringify(status), 'local-1-a'), status)
  const lies = [
    '',
    '{',
    '[]',
    '{}',
    JSON.stringify({ ...status, viewers: 'many' }),
    JSON.stringify({ ...status, hostId: 'x' }),
  ]
  for (const lie of lies) assert.throws(() => parseStatus(lie, 'local-1-a'), { code: 'HOST_UNREACHABLE' })
})

test('a refusal is a host’s only in the words of one; at its address may be a stranger', () => {
  const said = (text: string) => hostProblem(404, text).code
  assert.equal(said('{"code":"NOT_FOUND","detail":"no such command"}'), 'NOT_FOUND')
  for (const text of ['', '<html>', '{}', '{"code":"ANYTHING"}']) assert.equal(said(text), 'HOST_UNREACHABLE')
})

test('the last whole death note of the session is found among other lines', () => {
  const claim = { session: 's', tenant: 't', principal: 'p', incarnation: 'i', fence: 1, name: 'n', template: 'x' }
  const rest = { region: 'r', command: 'c', args: [], cwd: null, cols: 80, rows: 24, labels: {}, createdAt: 'now' }
  const policy = {
    sizePolicy: 'latest',
    clipboard: 'off',
    expiresAt: null,
    idleAction: 'stop',
    restart: 'never',
    idleSeconds: null,
    replayBytes: 65_536,
    scrollbackLines: 0,
  }
  const note = (session: string, exitCode: number) =>
    JSON.stringify({
      holdfast: 'death-note',
      claim: { ...claim, ...rest, ...policy, session },
      exit: { exitCode, signal: null, offset: 0, endedAt: 'now' },
      screen: { text: '', ansi: '', html: '', json: '' },
    })
  const half = note('s', 9).slice(0, -20)
  const tail = [
    half,
    '{"level":30}',
    note('s', 1),
    note('s', 2),
    note('other', 3),
    '{"holdfast":"death-note"}',
    '',
  ].join('\n')
  assert.equal(findDeathNote(tail, 's')?.exit.exitCode, 2)
  assert.equal(findDeathNote(tail, 'nobody'), null)
})

test('configuration lists everything that is wrong', () => {
  const env = { HOLDFAST_CLUSTER: 'Not Good', HOLDFAST_HOST_COMMAND: '[1]', PORT: 'x', HOLDFAST_RUNTIME: 'magic' }
  for (const name of [
    'HOLDFAST_CLUSTER',
    'HOLDFAST_HOST_COMMAND',
    'PORT',
    'HOLDFAST_RUNTIME',
    'REDIS_URL is required',
  ]) {
    assert.throws(() => readConfig(env), new RegExp(name))
  }
})

test('what is new in the operators’ word is told, and what stays is not', () => {
  const [a, b] = [{ id: 'a' }, { id: 'b' }]
  const cordoned = { cordoned: true, draining: null }
  const before = { added: [a], flags: { a: cordoned, c: cordoned }, maintenance: null }
  const draining = { cordoned: true, draining: { endIdleSeconds: 5, since: 'now' } }
  const after = { added: [b], flags: { b: draining, c: cordoned }, maintenance: { since: 'now' } }
  const words = (events: ReturnType<typeof newsOf>) =>
    events.map((event) => (event.type === 'node' ? `${event.node} ${event.change}` : `${event.type} ${event.on}`))
  assert.deepEqual(words(newsOf(before, after)), [
    'b added',
    'a removed',
    'b cordoned',
    'b draining',
    'maintenance true',
  ])
  const open = { cordoned: false, draining: null }
  assert.deepEqual(words(newsOf(after, { ...after, flags: { b: open, c: cordoned } })), ['b uncordoned'])
  assert.deepEqual(newsOf(before, before), [])
})
