/** How many hosts a pool wants: the plan of the hour, and what was asked for lately. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wantedSize } from '../src/pool-size.ts'
import { parseTemplates } from '../src/templates.ts'

const at = (time: string): number => Date.parse(time)
const MONDAY_NOON = at('2026-11-23T12:00:00Z')

test('a fixed size is kept, whatever was asked for', () => {
  assert.equal(wantedSize({ size: 3 }, [], MONDAY_NOON), 3)
  assert.equal(wantedSize({ size: 3 }, [0, 50, 0], MONDAY_NOON), 3)
})

test('with a maximum the busiest minute is served, within bounds', () => {
  const pool = { size: 1, max: 10 }
  assert.equal(wantedSize(pool, [0, 0, 0], MONDAY_NOON), 1)
  assert.equal(wantedSize(pool, [2, 7, 0], MONDAY_NOON), 7)
  assert.equal(wantedSize(pool, [40, 0, 1], MONDAY_NOON), 10)
})

test('of a schedule the entry that began last holds, in its time zone, from its very minute on', () => {
  const pool = {
    size: 0,
    schedule: [
      { cron: '0 8 * * 1-5', size: 10, timezone: 'Europe/Berlin' },
      { cron: '0 18 * * 1-5', size: 2, timezone: 'Europe/Berlin' },
    ],
  }
  const sizes = {
    '2026-11-23T06:59:59.999Z': 2,
    '2026-11-23T07:00:00.000Z': 10,
    '2026-11-23T16:59:00Z': 10,
    '2026-11-23T17:00:00Z': 2,
    '2026-11-22T12:00:00Z': 2, // Sunday: since Friday evening
    '2026-07-20T06:30:00Z': 10, // summer time
  }
  for (const [time, size] of Object.entries(sizes)) assert.equal(wantedSize(pool, [], at(time)), size, time)
})

test('a schedule that nobody can read is told when the templates are read', () => {
  const text = (cron: string, zone: string) =>
    JSON.stringify([{ name: 'a', command: ['sh'], pool: { size: 0, schedule: [{ cron, size: 1, timezone: zone }] } }])
  assert.equal(parseTemplates(text('0 8 * * *', 'UTC'), 'x').default.pool?.size, 0)
  assert.throws(() => parseTemplates(text('0 25 * * *', 'UTC'), 'x'), /template "a": pool.schedule: "0 25 \* \* \*"/)
  assert.throws(() => parseTemplates(text('0 8 * * *', 'Mars/Base'), 'x'), /pool.schedule/)
})
