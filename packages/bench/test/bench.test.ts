/** The benchmarks themselves, at a size that takes seconds: they measure, they name what is missing, they leave nothing. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { webSocketEcho } from '../src/contenders/web-socket.ts'
import { measureControl } from '../src/control/control.ts'
import { buildStand as buildControlStand } from '../src/control/stand.ts'
import { docker, lines } from '../src/docker.ts'
import { measureAll } from '../src/echo.ts'
import { measureGateways } from '../src/gateway/gateway.ts'
import { buildStand } from '../src/gateway/stand.ts'
import { Skipped } from '../src/line.ts'
import { naming, processes } from '../src/processes.ts'
import { CLUSTER } from '../src/records.ts'
import { HOLDFAST, numberOf } from '../src/scenario.ts'
import { measureSimpleMode } from '../src/simple-mode.ts'
import { Undo } from '../src/undo.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')
const bench = (...args: string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })

test('with --json the last line of standard output, and the only one, is the report', () => {
  const { status, stdout, stderr } = bench('images', '--json')
  assert.equal(status, 0, stderr)
  const { bench: name, rows } = JSON.parse(stdout.trimEnd()) as { bench: string; rows: { name: string }[] }
  assert.equal(name, 'images')
  assert.equal(rows[0]?.name, 'holdfast/session')
})

test('a scenario that does not exist is refused with the list of those that do', () => {
  const { status, stderr } = bench('speed')
  assert.equal(status, 2)
  assert.match(stderr, /no scenario "speed"[\s\S]*throughput/)
})

test('echo measures what is there and tells what is not', async () => {
  const undo = new Undo()
  const missing = { name: 'ttyd', open: () => Promise.reject(new Skipped('not here')) }
  const rows = await measureAll([{ ...webSocketEcho, name: HOLDFAST }, missing], undo, 1)
  assert.equal(numberOf(rows, HOLDFAST, 'keys'), 30)
  assert.ok(numberOf(rows, HOLDFAST, 'p50Ms') > 0)
  assert.deepEqual(rows[1], { name: 'ttyd', skipped: 'not here' })
  assert.deepEqual(await undo.run(), [])
})

test('simple mode is measured beside bare tmux: nothing of ours runs for its sessions, and nothing is left', {
  skip: spawnSync('tmux', ['-V']).error === undefined ? false : 'no tmux on PATH',
}, async (t) => {
  const undo = new Undo()
  t.after(() => undo.run())
  const size = { keys: 1, idle: 4, many: 8, lists: 2, settleMs: 1000 }
  const rows = await measureSimpleMode(undo, size, () => undefined)
  const besides = rows.find(({ name }) => name.startsWith('processes'))
  assert.deepEqual([besides?.measured, besides?.bareTmux], [0, 0], JSON.stringify(rows))
  for (const name of ['echo p50 ms', 'create p50 ms', 'list p50 ms, 8 sessions'])
    assert.ok(numberOf(rows, name, 'ratio') > 0, JSON.stringify(rows))
  assert.deepEqual(await undo.run(), [])
  assert.deepEqual(naming(processes(), `holdfast-bench-${process.pid}-`), [])
})

const redisIsMissing = spawnSync('redis-server', ['--version']).error === undefined ? false : 'no redis-server on PATH'

test('a real gateway carries the load to the synthetic hosts, and all is gone afterwards', {
  skip: redisIsMissing,
}, async () => {
  const undo = new Undo()
  const stand = await buildStand(40, undo)
  const gateways = [await stand.startGateway(), await stand.startGateway()]
  const size = { sessions: 40, settleMs: 0, idleMs: 100, typing: { everyMs: 50, forMs: 500 } }
  const row = await measureGateways(HOLDFAST, gateways, stand, size)
  assert.ok(numberOf([row], HOLDFAST, 'keys') + numberOf([row], HOLDFAST, 'missed') >= 36, JSON.stringify(row))
  assert.ok(numberOf([row], HOLDFAST, 'echoP50Ms') > 0, JSON.stringify(row))
  assert.deepEqual(await undo.run(), [])
  assert.deepEqual(naming(processes(), stand.dir), [])
})

/** Containers and volumes of this run. */
const leftBehind = (): string[] => {
  const filter = `label=dev.holdfast.cluster=${CLUSTER}`
  return [...lines(docker('ps', '-aq', '--filter', filter)), ...lines(docker('volume', 'ls', '-q', '--filter', filter))]
}

test('a real orchestrator keeps its sessions on the synthetic engine and on a real one, also through FLUSHALL', {
  skip: redisIsMissing,
}, async (t) => {
  const undo = new Undo()
  t.after(() => undo.run())
  const stand = await buildControlStand(undo)
  const records = { few: 60, many: 120 }
  const size = { records, sample: 10, sessions: 30, real: 2, clients: 8, lists: 3 }
  const rows = await measureControl(stand, size, () => undefined)
  const measured = (name: string) => numberOf(rows, name, 'measured')
  assert.ok(measured('creates a second') > 0, JSON.stringify(rows))
  for (const sessions of ['40 synthetic sessions', ...(stand.notReal === null ? ['2 real sessions'] : [])]) {
    assert.equal(measured(`FLUSHALL: killed of ${sessions}`), 0, JSON.stringify(rows))
    assert.equal(measured(`FLUSHALL: missing in the index of ${sessions}`), 0, JSON.stringify(rows))
  }
  assert.equal(rows.find(({ name }) => name === 'FLUSHALL: real sessions')?.skipped, stand.notReal ?? undefined)
  assert.deepEqual(await undo.run(), [])
  assert.deepEqual(naming(processes(), stand.dir), [])
  if (stand.notReal === null) assert.deepEqual(leftBehind(), [])
})
