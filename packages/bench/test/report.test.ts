/** What programs read: the line of JSON, and what people read: the table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLine, page, type Report, table } from '../src/report.ts'
import { HOLDFAST, numberOf, ratiosOf, skippedRow } from '../src/scenario.ts'

const REPORT: Report = {
  bench: 'echo',
  rows: [
    { name: 'holdfast', p50Ms: 0.60049, p99Ms: 2 },
    { name: 'ttyd', p50Ms: 0.4, p99Ms: 2.5, processes: [{ name: 'ttyd' }] },
    { name: 'tmux', skipped: 'no tmux on PATH' },
  ],
  ratios: { ratioP50: 1.50123 },
}

test('one scenario is one object with its ratios beside its rows', () => {
  const line = jsonLine([REPORT])
  assert.ok(!line.includes('\n'))
  assert.deepEqual(JSON.parse(line), {
    bench: 'echo',
    rows: [
      { name: 'holdfast', p50Ms: 0.6, p99Ms: 2 },
      { name: 'ttyd', p50Ms: 0.4, p99Ms: 2.5, processes: [{ name: 'ttyd' }] },
      { name: 'tmux', skipped: 'no tmux on PATH' },
    ],
    ratioP50: 1.501,
  })
})

test('several scenarios are one object, too', () => {
  const { benches } = JSON.parse(jsonLine([REPORT, { bench: 'images', rows: [] }])) as { benches: Report[] }
  assert.deepEqual(
    benches.map(({ bench }) => bench),
    ['echo', 'images'],
  )
})

test('the table has a column for every field that any row has, and leaves nested ones out', () => {
  assert.deepEqual(table(REPORT).split('\n'), [
    '| echo | p50 ms | p99 ms | skipped |',
    '| --- | --- | --- | --- |',
    '| holdfast | 0.6 | 2 |  |',
    '| ttyd | 0.4 | 2.5 |  |',
    '| tmux |  |  | no tmux on PATH |',
  ])
  assert.match(page(REPORT), /^- ratioP50: 1\.501$/m)
})

test('a contender that is missing is a row with the reason, but Holdfast may not be missing', () => {
  const failure = new Error('not here\nwith details')
  assert.deepEqual(skippedRow('ttyd', failure), { name: 'ttyd', skipped: 'not here' })
  assert.throws(() => skippedRow(HOLDFAST, failure), failure)
})

test('there is no ratio to what was not measured', () => {
  const to = (name: string) => numberOf(REPORT.rows, 'holdfast', 'p99Ms') / numberOf(REPORT.rows, name, 'p99Ms')
  assert.deepEqual(ratiosOf({ ratioTtyd: to('ttyd'), ratioTmux: to('tmux') }), { ratioTtyd: 0.8 })
})
