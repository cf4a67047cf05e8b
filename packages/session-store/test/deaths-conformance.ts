/** What every session store does with deaths, whatever it is made of. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Death } from '@holdfast/protocol'
import type { SessionRecord, SessionStore } from '../src/index.ts'
import type { MakeStore } from './conformance.ts'
import { coded, runningRecord } from './examples.ts'

type Case = (store: SessionStore) => Promise<void>

export const deathOf = (
  { id, tenant, incarnation, node, hostId, runtime, spec }: SessionRecord,
  detail = '',
): Death => ({
  ...{ session: id, tenant, name: spec.name, template: spec.template, incarnation, node, hostId, runtime },
  ...{ cause: 'exited', detail, by: { kind: 'command', name: 'bash' }, evidence: ['seen'] },
  ...{ exitCode: 3, signal: null, coreDumped: false, oomKills: 0, hasScreen: true },
  ...{ startedAt: null, endedAt: '2026-11-22T10:00:09.000Z' },
})

/** Adopts one that runs and ends it. */
const die = async (store: SessionStore, over: Partial<SessionRecord> = {}, detail = ''): Promise<Death> => {
  const record = await store.adopt(runningRecord(over))
  const death = deathOf(record, detail)
  await store.transition(record.tenant, record.id, record, { phase: 'exited' }, { death, keepMs: 60_000 })
  return death
}

const cases: Record<string, Case> = {
  'a death comes with the move that ends, and stays when the session is forgotten': async (store) => {
    const death = await die(store)
    const record = await store.get(death.tenant, death.session)
    assert.ok(record)
    await store.remove(record.tenant, record.id, record)
    assert.deepEqual(await store.deaths({ tenant: death.tenant, limit: 5 }), { deaths: [death] })
    assert.deepEqual(await store.deaths({ tenant: death.tenant, session: death.session, limit: 5 }), {
      deaths: [death],
    })
  },
  'a move that is refused brings no death': async (store) => {
    const record = await store.adopt(runningRecord())
    const end = { death: deathOf(record), keepMs: 60_000 }
    const late = { incarnation: 'older', fence: 0 }
    await assert.rejects(store.transition(record.tenant, record.id, late, { phase: 'exited' }, end), coded('STALE'))
    await store.transition(record.tenant, record.id, record, { phase: 'exited' }, end)
    await assert.rejects(store.transition(record.tenant, record.id, record, { phase: 'failed' }, end), coded('STALE'))
    assert.equal((await store.deaths({ tenant: record.tenant, limit: 5 })).deaths.length, 1)
  },
  'deaths are listed newest first, in pages that neither repeat nor miss, the last without a cursor': async (store) => {
    for (let n = 0; n < 7; n += 1) await die(store, {}, String(n))
    const found: string[][] = []
    let cursor: string | undefined
    do {
      const page = await store.deaths({ tenant: 'acme', limit: 3, ...(cursor === undefined ? {} : { cursor }) })
      found.push(page.deaths.map(({ detail }) => detail))
      cursor = page.cursor
    } while (cursor !== undefined)
    assert.deepEqual(found, [['6', '5', '4'], ['3', '2', '1'], ['0']])
  },
  'each tenant has its own deaths, each session its own': async (store) => {
    const [one, two] = [await die(store), await die(store)]
    const other = await die(store, { tenant: 'other' })
    assert.deepEqual((await store.deaths({ tenant: 'other', limit: 5 })).deaths, [other])
    assert.deepEqual((await store.deaths({ tenant: 'acme', session: one.session, limit: 5 })).deaths, [one])
    assert.deepEqual((await store.deaths({ tenant: 'acme', session: two.session, limit: 5 })).deaths, [two])
    assert.deepEqual(await store.deaths({ tenant: 'other', session: one.session, limit: 5 }), { deaths: [] })
  },
  'a cursor that is not ours is a bad request': async (store) => {
    for (const cursor of ['', 'x', Buffer.from('- +').toString('base64url')]) {
      await assert.rejects(store.deaths({ tenant: 'acme', limit: 5, cursor }), coded('BAD_REQUEST'))
    }
  },
}

export const deathsConformance = (name: string, make: MakeStore, skip: string | false): void => {
  for (const [sentence, body] of Object.entries(cases)) {
    test(`${name}: ${sentence}`, { skip }, async () => body(await make()))
  }
}
