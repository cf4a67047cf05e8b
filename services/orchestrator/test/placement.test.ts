/** Where a session goes: who is left out and why, and who comes first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeReport } from '@holdfast/runtime'
import { type Candidate, type Demand, decide, inWords, type Rules } from '../src/placement.ts'

const NOTHING = { cpuMilli: 0, memoryMb: 0, pids: 0, sessions: 0 }
const CALM = { cpu: 0.1, memory: 0.3, memoryFreeMb: 16_000, pids: 0.01, disk: 0.2, diskFreeMb: 90_000 }
const report = (more: Partial<NodeReport> = {}): NodeReport => ({
  pressure: CALM,
  images: ['holdfast/session:latest'],
  bridgePorts: { used: 0, limit: 900 },
  ...more,
})
const node = (id: string, more: Partial<Candidate> = {}): Candidate => ({
  id,
  labels: {},
  region: 'local',
  zone: null,
  tier: 0,
  capacity: {},
  cordoned: false,
  draining: false,
  obstacle: null,
  shaky: false,
  warm: false,
  reserved: NOTHING,
  report: report(),
  ...more,
})
const demand = (more: Partial<Demand> = {}): Demand => ({
  need: { cpuMilli: 1_000, memoryMb: 1_024, pids: 100 },
  image: 'holdfast/session',
  network: true,
  region: 'local',
  nodeSelector: {},
  zones: {},
  ...more,
})
const SPREAD: Rules = { strategy: 'spread', cpuOvercommit: 4 }
const PACK: Rules = { strategy: 'pack', cpuOvercommit: 4 }
const reserved = (sessions: number) => ({ ...NOTHING, sessions })

const LEFT_OUT: [string, Partial<Candidate>, RegExp, { waits: boolean }][] = [
  ['cordoned', { cordoned: true }, /cordoned/, { waits: false }],
  ['draining', { draining: true, cordoned: true }, /draining/, { waits: false }],
  ['silent', { obstacle: 'no route' }, /does not answer: no route/, { waits: false }],
  ['of another region', { region: 'mars' }, /region mars/, { waits: false }],
  [
    'out of cores',
    { capacity: { cpus: 2 }, reserved: { ...NOTHING, cpuMilli: 7_001 } },
    /7001 of 8000 milli cpus/,
    { waits: true },
  ],
  [
    'out of memory',
    { capacity: { memoryMb: 1_000 } },
    /0 of 1000 MiB of memory are taken, 1024 needed/,
    { waits: true },
  ],
  ['out of pids', { capacity: { pids: 99 } }, /pids/, { waits: true }],
  ['out of sessions', { capacity: { sessions: 3 }, reserved: reserved(3) }, /3 of 3 sessions/, { waits: true }],
  [
    'short of memory',
    { report: report({ pressure: { ...CALM, memory: 0.91, memoryFreeMb: 900 } }) },
    /memory is 91 %/,
    { waits: true },
  ],
  [
    'short of disk',
    { report: report({ pressure: { ...CALM, disk: 0.95, diskFreeMb: 900 } }) },
    /disk is 95 %/,
    { waits: true },
  ],
  ['full of processes', { report: report({ pressure: { ...CALM, pids: 0.92 } }) }, /92 %.*processes/, { waits: true }],
  ['out of bridge ports', { report: report({ bridgePorts: { used: 900, limit: 900 } }) }, /bridges/, { waits: true }],
]
for (const [what, more, reason, { waits }] of LEFT_OUT) {
  test(`a node that is ${what} is left out, and says so`, () => {
    const decision = decide([node('a', more)], demand(), SPREAD)
    assert.equal(decision.node, null)
    assert.match(decision.nodes[0]?.reasons.join() ?? '', reason)
    assert.equal(decision.waits, waits, 'can it pass by itself?')
    assert.equal(decide([node('a', more), node('b')], demand(), SPREAD).node, 'b')
  })
}

test('a large disk that is nearly full still has room; a session without a network needs no bridge', () => {
  const large = report({ pressure: { ...CALM, disk: 0.95, diskFreeMb: 50_000 } })
  assert.equal(decide([node('a', { report: large })], demand(), SPREAD).node, 'a')
  const full = report({ bridgePorts: { used: 900, limit: 900 } })
  assert.equal(decide([node('a', { report: full })], demand({ network: false }), SPREAD).node, 'a')
})

test('labels are all asked for', () => {
  const nodes = [node('a', { labels: { disk: 'ssd' } }), node('b', { labels: { disk: 'ssd', gpu: 'yes' } })]
  const decision = decide(nodes, demand({ nodeSelector: { disk: 'ssd', gpu: 'yes' } }), PACK)
  assert.equal(decision.node, 'b')
  assert.match(inWords(decision, 'b'), /^b scored .*; not a: lacks the label gpu=yes$/)
})

test('the image decides only where some node has it', () => {
  const lacking = report({ images: [] })
  const nodes = [node('a', { report: lacking }), node('b', { reserved: reserved(50) })]
  assert.equal(decide(nodes, demand(), SPREAD).node, 'b')
  assert.equal(decide([node('a', { report: lacking })], demand(), SPREAD).node, 'a')
  assert.equal(decide(nodes, demand({ image: 'x@sha256:0' }), SPREAD).node, 'a', 'digests stand in no list')
})

test('spread takes the emptiest by its fullest resource, pack the fullest that has room', () => {
  const capacity = { cpus: 8, memoryMb: 10_240, sessions: 10 }
  const nodes = [
    node('few', { capacity, reserved: { ...NOTHING, memoryMb: 7_000, sessions: 1 } }),
    node('many', { capacity, reserved: { ...NOTHING, sessions: 5 } }),
    node('full', { capacity, reserved: reserved(10) }),
  ]
  assert.deepEqual(
    decide(nodes, demand(), SPREAD).nodes.map(({ id }) => id),
    ['many', 'few', 'full'],
  )
  assert.equal(decide(nodes, demand(), PACK).node, 'few')
})

test('nodes without bounds are spread over, too; a zone full of the template is avoided', () => {
  assert.equal(decide([node('a', { reserved: reserved(2) }), node('b')], demand(), SPREAD).node, 'b')
  const zoned = [node('a', { zone: 'one' }), node('b', { zone: 'two', reserved: reserved(20) })]
  assert.equal(decide(zoned, demand({ zones: { one: 0.9, two: 0.1 } }), SPREAD).node, 'b')
})

test('a node where a warm host waits is preferred, unless it is much fuller or out of the question; the decision says so', () => {
  const warm = (sessions: number) => [node('a'), node('b', { warm: true, reserved: reserved(sessions) })]
  const decision = decide(warm(20), demand(), SPREAD)
  assert.equal(decision.node, 'b')
  assert.match(inWords(decision, 'b'), /^b scored [\d.]+ with a warm host; a scored [\d.]+$/)
  assert.deepEqual(
    decision.nodes.map(({ id, warm }) => [id, warm]),
    [
      ['b', true],
      ['a', false],
    ],
  )
  assert.equal(decide(warm(60), demand(), SPREAD).node, 'a')
  assert.equal(decide([node('a'), node('b', { warm: true, cordoned: true })], demand(), SPREAD).node, 'a')
  const packed = [node('a', { warm: true }), node('b', { reserved: reserved(10) })]
  assert.equal(decide(packed, demand(), PACK).node, 'a')
})

test('a tier is used only while no node of a lower one can be; the decision says so', () => {
  const capacity = { sessions: 2 }
  const nodes = (own: number) => [
    node('cloud', { tier: 1, warm: true }),
    node('own', { capacity, reserved: reserved(own) }),
  ]
  for (const rules of [SPREAD, PACK]) {
    assert.equal(decide(nodes(1), demand(), rules).node, 'own')
    assert.equal(decide(nodes(2), demand(), rules).node, 'cloud')
  }
  const told = inWords(decide(nodes(2), demand(), SPREAD), 'cloud')
  assert.match(told, /^cloud scored [\d.]+ with a warm host in tier 1; not own: no room: 2 of 2 sessions are taken/)
  const shaky = [node('own', { shaky: true }), node('cloud', { tier: 1 })]
  assert.equal(decide(shaky, demand(), SPREAD).node, 'cloud', 'one that answers')
})

test('a node that failed just now comes last, whatever its score', () => {
  const nodes = [node('a', { shaky: true }), node('b', { reserved: reserved(50) })]
  assert.deepEqual(
    decide(nodes, demand(), SPREAD).ranked.map((entry) => entry.node),
    ['b', 'a'],
  )
})

test('a node that has not reported yet may be tried', () => {
  assert.equal(decide([node('a', { report: null })], demand(), SPREAD).node, 'a')
})
