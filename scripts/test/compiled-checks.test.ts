/** The checks in the bundle of a session host accept what the schemas accept and say the same words about the rest, for which alone they load TypeBox. */
import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import * as source from '../../services/session/src/checks.ts'
import { SCHEMAS, type SchemaName } from '../../services/session/src/schemas.ts'
import { bundle } from '../bundle.mjs'
import { compiledChecks } from '../compiled-checks.mjs'

const CLAIM = {
  ...{ session: 's', tenant: 't', principal: 'p', incarnation: 'i', fence: 1, name: 'ü', template: 't', region: 'r' },
  ...{ command: '👩‍👩‍👧', args: ['-l', ''], cwd: null, env: { PATH: '/bin', 'a\nb': '' }, labels: { 'a/b': 'c' } },
  ...{ cols: 80, rows: 24, sizePolicy: 'latest', clipboard: 'off', createdAt: '2026-11-22T10:00:00.000Z' },
  ...{ expiresAt: null, idleSeconds: 60, idleAction: 'stop', restart: 'on-loss', nodeSelector: { disk: 'ssd' } },
  ...{ replayBytes: 1_048_576, scrollbackLines: 0, above: '\x1b[1mbefore' },
}
const COLORS = { foreground: '#000000', background: '#FFFFFF', cursor: '#0a0B0c', palette: ['#000000', '#ffffff'] }
const GOOD: Readonly<Record<SchemaName, unknown>> = {
  claim: CLAIM,
  input: { text: 'ls\n', base64: 'AA==' },
  resize: { cols: 2, rows: 1000 },
  signal: { name: 'INT' },
  stop: { graceMs: 0 },
  leaving: { why: 'worker w1 takes no new pods' },
  changeable: { name: 'ü', labels: { 'a/b': 'c' }, expiresAt: '2026-11-22T10:00:00.000Z', idleSeconds: null },
  wait: { until: 'text', text: 'done$', idleMs: 10, timeoutMs: 600_000 },
  cols: 1000,
  rows: 1,
  'message:attach': { type: 'attach', client: 'a.b', mode: 'ro', cols: 80, rows: 24, epoch: 'e', offset: 0 },
  'message:ack': { type: 'ack', offset: Number.MAX_SAFE_INTEGER },
  'message:resize': { type: 'resize', cols: 80, rows: 24 },
  'message:control': { type: 'control', action: 'take' },
  'message:signal': { type: 'signal', name: 'KILL' },
  'message:colors': { type: 'colors', ...COLORS },
  'message:ping': { type: 'ping', id: 'x' },
}
const ODD = [
  ...[
    undefined,
    null,
    true,
    0,
    -1,
    0.5,
    1,
    1001,
    2 ** 53,
    Number.NaN,
    Infinity,
    '',
    'a',
    'a\n',
    '#00000g',
    '👩‍👩‍👧'.repeat(20),
  ],
  ...['x'.repeat(65), 'x'.repeat(1025), [], [1], ['#000000', 'red'], Array(257).fill('#000000'), {}, { a: 1 }],
]

/** With each field, and one more, left out or odd, in every depth. */
const variants = (value: unknown): unknown[] => {
  if (typeof value !== 'object' || value === null) return ODD
  const copies = [...Object.entries(value), ['unknown', undefined] as const].flatMap(([key, field]) => {
    const { [key]: _left, ...rest } = value as Record<string, unknown>
    return [rest, ...variants(field).map((odd) => ({ ...rest, [key]: odd }))]
  })
  return [...ODD, ...copies]
}

test('verdicts and words of the bundle are those of the source; TypeBox is loaded at the first fault', async (t) => {
  const dist = mkdtempSync(join(tmpdir(), 'holdfast-checks-'))
  t.after(() => rmSync(dist, { recursive: true }))
  await bundle('session', 'checks', dist, [compiledChecks])
  renameSync(join(dist, 'checks.cjs'), join(dist, 'main.cjs'))
  await bundle('session', 'checks', dist)
  const require = createRequire(join(dist, 'main.cjs'))
  const bundled: typeof source = require('./main.cjs')

  const names = Object.keys(SCHEMAS) as SchemaName[]
  for (const name of names) assert.ok(bundled.known(name) && bundled.fits(name, GOOD[name]), name)
  for (const name of ['', 'message:', 'message:toString', '__proto__', 'toString'])
    assert.ok(!bundled.known(name), name)
  const loaded = () => join(dist, 'checks.cjs') in require.cache
  assert.equal(loaded(), false)

  const verdicts = { good: 0, bad: 0 }
  for (const name of names) {
    for (const value of [GOOD[name], ...variants(GOOD[name])]) {
      const good = source.fits(name, value)
      verdicts[good ? 'good' : 'bad'] += 1
      assert.equal(bundled.fits(name, value), good, `${name}: ${JSON.stringify(value)}`)
      if (!good) assert.equal(bundled.fault(name, value), source.fault(name, value))
    }
  }
  assert.ok(verdicts.good > 100 && verdicts.bad > 1000, JSON.stringify(verdicts))
  assert.equal(loaded(), true)
})
