/** What every session store does with records, whatever it is made of. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HoldfastError, incarnationOf } from '@holdfast/protocol'
import type { SessionStore } from '../src/index.ts'
import { CANARY, coded, collect, newRecord, runningRecord } from './examples.ts'

/** An opened store with nothing in it, separate from every other. */
export type MakeStore = () => Promise<SessionStore>
type Case = (store: SessionStore) => Promise<void>

const unplaced = { incarnation: '', fence: 0 }

/** Creates, places and runs one; returns the running record. */
const run = async (store: SessionStore) => {
  const { record } = await store.create(newRecord())
  const placed = await store.place(record.tenant, record.id, record, { incarnation: incarnationOf(1) })
  return store.transition(placed.tenant, placed.id, placed, { phase: 'running' })
}

const creation: Record<string, Case> = {
  'a created record comes back as it was given, with empty lists still lists': async (store) => {
    const given = newRecord({ conditions: [] })
    const { record, created } = await store.create(given)
    assert.equal(created, true)
    assert.deepEqual(record, { ...given, rev: 1, incarnation: '', fence: 0 })
    assert.deepEqual(await store.get(given.tenant, given.id), record)
  },
  'a session of another tenant is not found': async (store) => {
    const { record } = await store.create(newRecord())
    assert.equal(await store.get('other', record.id), null)
  },
  'the same idempotency key and body returns the first record': async (store) => {
    const first = await store.create(newRecord(), { key: 'k', bodyHash: 'b' })
    const second = await store.create(newRecord(), { key: 'k', bodyHash: 'b' })
    assert.deepEqual(second, { record: first.record, created: false })
  },
  'the same idempotency key with another body is a conflict and makes nothing': async (store) => {
    await store.create(newRecord(), { key: 'k', bodyHash: 'b' })
    const other = newRecord()
    await assert.rejects(store.create(other, { key: 'k', bodyHash: 'c' }), coded('IDEMPOTENCY_CONFLICT'))
    assert.equal(await store.get(other.tenant, other.id), null)
  },
  'the idempotency keys of two principals and of two tenants do not meet': async (store) => {
    const by = (over: object) => store.create(newRecord(over), { key: 'k', bodyHash: 'b' })
    const made = [await by({}), await by({ principal: 'bob' }), await by({ tenant: 'other' })]
    assert.deepEqual(
      made.map(({ created }) => created),
      [true, true, true],
    )
  },
  '50 creates at once with one idempotency key make one record': async (store) => {
    const all = await Promise.all(
      Array.from({ length: 50 }, () => store.create(newRecord(), { key: 'k', bodyHash: 'b' })),
    )
    assert.equal(all.filter(({ created }) => created).length, 1)
    assert.equal(new Set(all.map(({ record }) => record.id)).size, 1)
    assert.equal((await store.list({ tenant: 'acme', limit: 100 })).records.length, 1)
  },
  'an idempotency key whose session was removed does not make a second one': async (store) => {
    const { record } = await store.create(newRecord(), { key: 'k', bodyHash: 'b' })
    await store.remove(record.tenant, record.id, record)
    await assert.rejects(store.create(newRecord(), { key: 'k', bodyHash: 'b' }), coded('SESSION_ENDED'))
  },
  'creating an id again changes nothing': async (store) => {
    const given = newRecord()
    const first = await store.create(given)
    assert.deepEqual(await store.create({ ...given, image: 'other' }), { record: first.record, created: false })
  },
}

const moves: Record<string, Case> = {
  'a session goes from pending to exited, each write growing rev by one': async (store) => {
    const running = await run(store)
    const stopping = await store.transition(running.tenant, running.id, running, { phase: 'stopping' })
    const exited = await store.transition(stopping.tenant, stopping.id, stopping, { phase: 'exited', exitCode: 3 })
    assert.deepEqual([running.rev, stopping.rev, exited.rev], [3, 4, 5])
    assert.deepEqual([exited.phase, exited.exitCode, exited.fence], ['exited', 3, 1])
    assert.deepEqual(await store.get(exited.tenant, exited.id), exited)
  },
  'an illegal move is refused and changes nothing': async (store) => {
    const { record } = await store.create(newRecord())
    for (const phase of ['running', 'exited', 'pending', 'suspended'] as const) {
      await assert.rejects(store.transition(record.tenant, record.id, record, { phase, exitCode: 1 }), coded('STALE'))
    }
    assert.deepEqual(await store.get(record.tenant, record.id), record)
  },
  'a patch without a phase is legal in every phase': async (store) => {
    const running = await run(store)
    const condition = { type: 'Healthy', status: 'True', reason: '', since: '2026-11-22T10:00:01.000Z' } as const
    const next = await store.transition(running.tenant, running.id, running, { conditions: [condition] })
    assert.deepEqual([next.phase, next.conditions], ['running', [condition]])
  },
  'a move of the phase sets its time and deadline and clears what was waited for': async (store) => {
    const { record } = await store.create(newRecord())
    const waiting = { for: 'a node', since: '2026-11-22T10:00:01.000Z', until: null }
    const waits = await store.transition(record.tenant, record.id, record, { waiting })
    assert.deepEqual([waits.waiting, waits.deadline, waits.phaseSince], [waiting, record.deadline, record.phaseSince])
    const before = Date.now()
    const placed = await store.place(record.tenant, record.id, record, { incarnation: 'aaaaaa' })
    const after = Date.now()
    const enteredMs = Date.parse(placed.phaseSince)
    assert.ok(enteredMs >= before && enteredMs <= after, placed.phaseSince)
    assert.deepEqual([placed.waiting, placed.deadline], [null, enteredMs + 60_000])
    const running = await store.transition(placed.tenant, placed.id, placed, { phase: 'running' })
    assert.equal(running.deadline, null)
  },
  'a write for one phase is refused in another': async (store) => {
    const running = await run(store)
    const stopping = await store.transition(running.tenant, running.id, running, { phase: 'stopping' })
    const waiting = { for: 'the host', since: '2026-11-22T10:00:01.000Z', until: null }
    const late = { incarnation: running.incarnation, fence: running.fence, phase: 'running' } as const
    await assert.rejects(store.transition(running.tenant, running.id, late, { waiting }), coded('STALE'))
    assert.deepEqual(await store.get(running.tenant, running.id), stopping)
  },
  'stopping is legal from every phase that is not an end': async (store) => {
    for (const path of [[], ['running'], ['running', 'suspended']] as const) {
      const { record } = await store.create(newRecord())
      await store.transition(record.tenant, record.id, record, { phase: 'stopping' })
      const { record: other } = await store.create(newRecord())
      let now = await store.place(other.tenant, other.id, other, { incarnation: 'aaaaaa' })
      for (const phase of path) now = await store.transition(now.tenant, now.id, now, { phase })
      assert.equal((await store.transition(now.tenant, now.id, now, { phase: 'stopping' })).phase, 'stopping')
    }
  },
  'a writer with another incarnation or fence is refused': async (store) => {
    const running = await run(store)
    const { tenant, id, incarnation, fence } = running
    for (const guard of [unplaced, { incarnation, fence: fence + 1 }, { incarnation: 'other', fence }]) {
      await assert.rejects(store.transition(tenant, id, guard, { phase: 'stopping' }), coded('STALE'))
      await assert.rejects(store.remove(tenant, id, guard), coded('STALE'))
    }
    assert.deepEqual(await store.get(tenant, id), running)
  },
  'a writer who read the record before another wrote it is refused, if that is to count': async (store) => {
    const read = await run(store)
    const { tenant, id, incarnation, fence } = read
    const now = await store.transition(tenant, id, { incarnation, fence }, { exitCode: 1 })
    const guard = { incarnation, fence, unchangedSince: read.rev }
    await assert.rejects(store.transition(tenant, id, guard, { exitCode: 2 }), coded('STALE'))
    assert.deepEqual(await store.get(tenant, id), now)
    await store.transition(tenant, id, { ...guard, unchangedSince: now.rev }, { exitCode: 3 })
    assert.equal((await store.get(tenant, id))?.exitCode, 3)
  },
  'a session that is not there cannot be changed': async (store) => {
    await assert.rejects(
      store.transition('acme', 'local-00000000', unplaced, { phase: 'stopping' }),
      coded('SESSION_NOT_FOUND'),
    )
    await assert.rejects(
      store.place('acme', 'local-00000000', unplaced, { incarnation: 'i' }),
      coded('SESSION_NOT_FOUND'),
    )
  },
  'a placement sets the incarnation, grows the fence and begins to start': async (store) => {
    const { record } = await store.create(newRecord())
    const placed = await store.place(record.tenant, record.id, record, { incarnation: 'aaaaaa', node: 'n1' })
    assert.deepEqual(
      [placed.incarnation, placed.fence, placed.phase, placed.node],
      ['aaaaaa', record.fence + 1, 'starting', 'n1'],
    )
    assert.deepEqual(placed.spec.env, { SECRET: CANARY })
    await assert.rejects(
      store.place(record.tenant, record.id, placed, { incarnation: 'bbbbbb' }),
      coded('STALE'),
      'only from pending',
    )
  },
  'of 20 placements at once exactly one wins': async (store) => {
    const { record } = await store.create(newRecord())
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) =>
        store.place(record.tenant, record.id, record, { incarnation: `worker${at}` }),
      ),
    )
    const won = all.filter((result) => result.status === 'fulfilled')
    const lost = all.filter((result) => result.status === 'rejected')
    assert.equal(won.length, 1)
    assert.ok(lost.every(({ reason }) => reason instanceof HoldfastError && reason.code === 'STALE'))
    assert.deepEqual(await store.get(record.tenant, record.id), won[0]?.value)
  },
  'the environment is gone from the record once the session runs, and cannot be put back': async (store) => {
    const running = await run(store)
    assert.deepEqual(running.spec.env, {})
    const spec = { ...running.spec, env: { SECRET: CANARY } }
    assert.deepEqual((await store.transition(running.tenant, running.id, running, { spec })).spec.env, {})
  },
  'a removed session is gone from get, list and scan, its last screen is not; removing it again is no error': async (
    store,
  ) => {
    const running = await run(store)
    const screen = { text: 't', ansi: 'a', html: 'h', json: '{}' }
    await store.saveScreen(running.tenant, running.id, screen, 60_000)
    await store.remove(running.tenant, running.id, running)
    await store.remove(running.tenant, running.id, running)
    assert.equal(await store.get(running.tenant, running.id), null)
    assert.deepEqual(await store.screen(running.tenant, running.id), screen)
    assert.deepEqual(await store.list({ tenant: running.tenant, limit: 10 }), { records: [] })
    assert.deepEqual(await collect(store.scan()), [])
  },
  'the last screen is kept for its time': async (store) => {
    const { record } = await store.create(newRecord())
    const screen = { text: 'über\n', ansi: '\u001b[1m', html: '<b>', json: '{"lines":[]}' }
    assert.equal(await store.screen(record.tenant, record.id), null)
    await store.saveScreen(record.tenant, record.id, screen, 60_000)
    assert.deepEqual(await store.screen(record.tenant, record.id), screen)
  },
}

const adoption: Record<string, Case> = {
  'a rebuilt record is put back whole': async (store) => {
    const record = runningRecord()
    assert.deepEqual(await store.adopt(record), record)
    assert.deepEqual(await store.get(record.tenant, record.id), record)
  },
  'an existing record of the same or a newer fence wins over an adoption': async (store) => {
    const stands = await store.adopt(runningRecord({ fence: 3 }))
    for (const fence of [2, 3]) {
      assert.deepEqual(await store.adopt({ ...stands, fence, incarnation: 'older', node: 'n2' }), stands)
    }
    assert.deepEqual(await store.get(stands.tenant, stands.id), stands)
  },
  'an adoption with a newer fence wins, listed once, and rev still grows': async (store) => {
    const old = await store.adopt(runningRecord({ fence: 3, rev: 9 }))
    const won = await store.adopt({ ...old, fence: 4, rev: 1, incarnation: 'newer' })
    assert.deepEqual([won.fence, won.incarnation, won.rev], [4, 'newer', 10])
    assert.deepEqual((await store.list({ tenant: old.tenant, limit: 10 })).records, [won])
  },
  'a session that may be started anew keeps its environment while it runs': async (store) => {
    const record = await store.adopt({ ...runningRecord(), keepEnv: true })
    const spec = { ...record.spec, env: { SECRET: CANARY } }
    assert.deepEqual((await store.transition(record.tenant, record.id, record, { spec })).spec.env, { SECRET: CANARY })
    const ended = { phase: 'exited', keepEnv: false } as const
    assert.deepEqual((await store.transition(record.tenant, record.id, record, ended)).spec.env, {})
  },
  'an adopted session that runs keeps no environment': async (store) => {
    const record = runningRecord()
    const adopted = await store.adopt({ ...record, spec: { ...record.spec, env: { SECRET: CANARY } } })
    assert.deepEqual(adopted.spec.env, {})
  },
}

export const recordConformance = (name: string, make: MakeStore, skip: string | false): void => {
  for (const [sentence, body] of Object.entries({ ...creation, ...moves, ...adoption })) {
    test(`${name}: ${sentence}`, { skip }, async () => body(await make()))
  }
}
