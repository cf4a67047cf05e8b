/** What every session store does with lists, tickets and events, whatever it is made of. */
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { ListQuery, SessionRecord, SessionStore, StoreHint, TicketGrant } from '../src/index.ts'
import type { MakeStore } from './conformance.ts'
import { coded, collect, newRecord } from './examples.ts'

type Case = (store: SessionStore) => Promise<void>

const at = (second: number): string => new Date(Date.UTC(2026, 10, 22, 10, 0, second)).toISOString()

const pages = async (store: SessionStore, query: ListQuery): Promise<SessionRecord[][]> => {
  const found: SessionRecord[][] = []
  let cursor: string | undefined
  do {
    const page = await store.list({ ...query, ...(cursor === undefined ? {} : { cursor }) })
    found.push(page.records)
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

const lists: Record<string, Case> = {
  'an empty list has no cursor': async (store) => {
    assert.deepEqual(await store.list({ tenant: 'acme', limit: 5 }), { records: [] })
  },
  'lists are newest first, in pages that neither repeat nor miss, the last without a cursor': async (store) => {
    // Twelve sessions, three in each second.
    for (let n = 0; n < 12; n += 1) await store.create(newRecord({ createdAt: at(Math.floor(n / 3)) }))
    const found = await pages(store, { tenant: 'acme', limit: 4 })
    assert.deepEqual(
      found.map((page) => page.length),
      [4, 4, 4],
    )
    const times = found.flat().map(({ createdAt }) => createdAt)
    assert.deepEqual(times, times.toSorted().toReversed())
    assert.equal(new Set(found.flat().map(({ id }) => id)).size, 12)
  },
  'a session made or removed between two pages shifts nothing': async (store) => {
    const made: SessionRecord[] = []
    for (let n = 0; n < 6; n += 1) made.push((await store.create(newRecord({ createdAt: at(n) }))).record)
    const first = await store.list({ tenant: 'acme', limit: 2 })
    assert.deepEqual(first.records, [made[5], made[4]])
    await store.create(newRecord({ createdAt: at(50) }))
    await store.remove('acme', made[4]?.id ?? '', { incarnation: '', fence: 0 })
    const second = await store.list({ tenant: 'acme', limit: 2, cursor: first.cursor ?? '' })
    assert.deepEqual(second.records, [made[3], made[2]])
  },
  'filters by phase and labels hold across pages': async (store) => {
    for (let n = 0; n < 20; n += 1) {
      const record = newRecord({ createdAt: at(n) })
      const labels: Record<string, string> = n % 2 === 0 ? { team: 'a', even: '' } : { team: 'a' }
      await store.create({ ...record, spec: { ...record.spec, labels } })
    }
    const [last] = (await store.list({ tenant: 'acme', limit: 1 })).records
    assert.ok(last)
    await store.transition('acme', last.id, last, { phase: 'stopping' })
    const even = await pages(store, { tenant: 'acme', limit: 3, labels: { team: 'a', even: '' } })
    assert.equal(even.flat().length, 10)
    assert.ok(even.every((page) => page.length <= 3))
    const stopping = await pages(store, { tenant: 'acme', limit: 3, phase: 'stopping' })
    assert.deepEqual(
      stopping.flat().map(({ id }) => id),
      [last.id],
    )
    assert.deepEqual((await pages(store, { tenant: 'acme', limit: 3, labels: { team: 'b' } })).flat(), [])
  },
  'a cursor that is not ours is a bad request': async (store) => {
    for (const cursor of ['', 'x', '%%%', Buffer.from('000:{x}').toString('base64url')]) {
      await assert.rejects(store.list({ tenant: 'acme', limit: 5, cursor }), coded('BAD_REQUEST'))
    }
  },
  'a scan sees every record of every tenant, a list only those of its own': async (store) => {
    const tenants = ['acme', 'other', 'a{b}c', 'ünï/code $store']
    const made = await Promise.all(tenants.map((tenant) => store.create(newRecord({ tenant }))))
    const seen = await collect(store.scan())
    const byId = (a: SessionRecord, b: SessionRecord) => a.id.localeCompare(b.id)
    assert.deepEqual(seen.toSorted(byId), made.map(({ record }) => record).toSorted(byId))
    assert.deepEqual((await store.list({ tenant: 'a{b}c', limit: 5 })).records, [made[2]?.record])
  },
}

const grant: TicketGrant = { tenant: 'acme', session: 'local-00000000', principal: 'ada', mode: 'ro' }

/** Expiry is the server's clock: asks until the ticket is gone. */
const untilGone = async (take: () => Promise<unknown>): Promise<void> => {
  const until = Date.now() + 30_000
  while ((await take()) !== null) {
    if (Date.now() > until) throw new Error('the ticket did not expire in 30 s')
    await delay(20)
  }
}

const tickets: Record<string, Case> = {
  'a ticket grants what it was made for, as often as it was made for': async (store) => {
    await store.putTicket('t', grant, 60_000, 2)
    assert.deepEqual([await store.takeTicket('t'), await store.takeTicket('t')], [grant, grant])
    assert.equal(await store.takeTicket('t'), null)
  },
  'an unknown ticket grants nothing': async (store) => {
    assert.equal(await store.takeTicket('nobody made this'), null)
  },
  'of 20 takes at once of a ticket with 3 uses, 3 win': async (store) => {
    await store.putTicket('t', grant, 60_000, 3)
    const all = await Promise.all(Array.from({ length: 20 }, () => store.takeTicket('t')))
    assert.equal(all.filter((taken) => taken !== null).length, 3)
  },
  'a ticket expires': async (store) => {
    await store.putTicket('t', grant, 50, 1_000_000)
    await untilGone(() => store.takeTicket('t'))
  },
}

const events: Record<string, Case> = {
  'every change of a record is told to those who subscribe, until they leave': async (store) => {
    const heard = new EventEmitter<{ event: [StoreHint] }>()
    const all: StoreHint[] = []
    const leave = await store.subscribe((event) => {
      all.push(event)
      heard.emit('event', event)
    })
    try {
      const { record } = await store.create(newRecord())
      const placed = await store.place(record.tenant, record.id, record, { incarnation: 'aaaaaa' })
      const last = AbortSignal.timeout(30_000)
      await store.remove(placed.tenant, placed.id, placed)
      while (all.length < 3) await once(heard, 'event', { signal: last })
      const { tenant, id } = record
      assert.deepEqual(all, [
        { type: 'session', tenant, id, phase: 'pending', rev: 1 },
        { type: 'session', tenant, id, phase: 'starting', rev: 2 },
        { type: 'removed', tenant, id, phase: 'starting', rev: 3 },
      ])
    } finally {
      await leave()
    }
  },
  'changes are kept in order, of each tenant its own, and can be asked for from any that is kept': async (store) => {
    assert.equal(await store.latestChange('acme'), '0-0')
    const { record } = await store.create(newRecord())
    await store.create(newRecord({ tenant: 'other' }))
    const first = await store.latestChange('acme')
    const placed = await store.place(record.tenant, record.id, record, { incarnation: 'aaaaaa' })
    await assert.rejects(store.transition('acme', record.id, record, { phase: 'stopping' }), coded('STALE'))
    await store.remove(placed.tenant, placed.id, placed)
    const all = (await store.changesAfter('acme', '0-0', 10)) ?? []
    assert.deepEqual(
      all.map(({ event }) => [event.type, event.id, event.rev]),
      [
        ['session', record.id, 1],
        ['session', record.id, 2],
        ['removed', record.id, 3],
      ],
    )
    assert.equal(all[0]?.id, first)
    assert.deepEqual(await store.changesAfter('acme', first, 10), all.slice(1))
    assert.deepEqual(await store.changesAfter('acme', first, 1), all.slice(1, 2))
    assert.deepEqual(await store.changesAfter('acme', await store.latestChange('acme'), 10), [])
  },
  'what came after a change that is not kept is not known': async (store) => {
    await store.create(newRecord())
    for (const id of ['1-1', '99999999999999-0', 'x', '-', '']) {
      assert.equal(await store.changesAfter('acme', id, 10), null, id)
    }
  },
}

export const readingConformance = (name: string, make: MakeStore, skip: string | false): void => {
  for (const [sentence, body] of Object.entries({ ...lists, ...tickets, ...events })) {
    test(`${name}: ${sentence}`, { skip }, async () => body(await make()))
  }
}
