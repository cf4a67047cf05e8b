/** The live list: events, lists and their order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { ServerEvent, Session, SessionPage } from '@holdfast/protocol'
import { filterOf, toggled } from '../src/sessions/filter.ts'
import { NEWEST, sorted, turned } from '../src/sessions/order.ts'
import { type ListSource, SessionList } from '../src/sessions/session-list.ts'
import { fakeSession } from './fake-session.ts'

const TIMES = { pollMs: 5, relistMs: 60_000, gatherMs: 0 }

const until = async (condition: () => boolean, what: string): Promise<void> => {
  const deadline = Date.now() + 30_000
  while (!condition()) {
    if (Date.now() > deadline) assert.fail(`never: ${what}`)
    await delay(2)
  }
}

/** A source whose answers the test gives: lists in order, and a stream of events whose link goes up and down. */
const fakeSource = () => {
  const lists: PromiseWithResolvers<SessionPage>[] = []
  let next = Promise.withResolvers<ServerEvent>()
  let tell: (failure: string | null) => void = () => assert.fail('nobody listens to events')
  const source: ListSource = {
    listSessions: () => {
      const list = Promise.withResolvers<SessionPage>()
      lists.push(list)
      return list.promise
    },
    async *events(stop, onLink) {
      stop.addEventListener('abort', () => next.reject(new Error('aborted')))
      tell = onLink ?? tell
      tell(null)
      while (true) {
        const event = await next.promise
        next = Promise.withResolvers<ServerEvent>()
        yield event
      }
    },
  }
  return {
    source,
    lists,
    event: (session: Session): void => next.resolve({ type: 'session', phase: session.phase, rev: 1, session }),
    tell: (event: ServerEvent): void => next.resolve(event),
    link: (failure: string | null): void => tell(failure),
  }
}

const start = () => {
  const fake = fakeSource()
  const list = new SessionList(fake.source, (error) => (error as Error).message, TIMES)
  const stop = new AbortController()
  const done = list.follow(stop.signal)
  /** Answers the list asked for as number `index`. */
  const answer = async (index: number, sessions: Session[]): Promise<void> => {
    await until(() => fake.lists.length > index, `list ${index} asked for`)
    fake.lists[index]?.resolve({ sessions })
  }
  const end = async (): Promise<void> => {
    stop.abort()
    for (const pending of fake.lists) pending.resolve({ sessions: [] })
    await done
  }
  return { ...fake, list, answer, end }
}
const ids = (list: SessionList): string[] => list.sessions.value.map((session) => session.id)

const A = 'local-aaaaaaaa'
const B = 'local-bbbbbbbb'

test('an event changes the list at once', async () => {
  const { list, answer, event, end } = start()
  await answer(0, [fakeSession({ id: A, phase: 'starting' })])
  await until(() => list.feed.value.kind === 'live', 'live')
  event(fakeSession({ id: A, phase: 'running' }))
  await until(() => list.get(A)?.phase === 'running', 'running')
  await end()
})

test('a list that was asked for before an event does not undo it', async () => {
  const { list, answer, event, end } = start()
  event(fakeSession({ id: A, phase: 'running' }))
  await until(() => list.get(A) !== undefined, 'event applied')
  await answer(0, [fakeSession({ id: A, phase: 'starting' }), fakeSession({ id: B })])
  await until(() => list.get(B) !== undefined, 'list applied')
  assert.equal(list.get(A)?.phase, 'running')
  await end()
})

test('a session that was ended here does not come back with an older list', async () => {
  const { list, answer, end } = start()
  list.put(fakeSession({ id: A }))
  list.forget(A)
  await answer(0, [fakeSession({ id: A }), fakeSession({ id: B })])
  await until(() => list.get(B) !== undefined, 'list applied')
  assert.deepEqual(ids(list), [B])
  await end()
})

test('one that is removed goes at once; a reset is a full list', async () => {
  const { list, lists, answer, tell, end } = start()
  await answer(0, [fakeSession({ id: A }), fakeSession({ id: B })])
  await until(() => ids(list).length === 2, 'listed')
  tell({ type: 'removed', id: A })
  await until(() => ids(list).length === 1, 'gone')
  const asked = lists.length
  tell({ type: 'reset' })
  await answer(asked, [])
  await until(() => ids(list).length === 0, 'listed anew')
  await end()
})

test('without events the list is polled and says so; when they are back it is asked for once more', async () => {
  const { list, lists, answer, link, end } = start()
  await answer(0, [])
  await until(() => list.feed.value.kind === 'live', 'live')
  link('stream cut')
  assert.deepEqual(list.feed.value, { kind: 'polling', reason: 'stream cut' })
  await answer(1, [fakeSession({ id: A })])
  await answer(2, [fakeSession({ id: A }), fakeSession({ id: B })])
  await until(() => ids(list).length === 2, 'polled twice')
  await until(() => lists.length === 4, 'a poll is under way')
  link(null)
  await answer(3, [])
  await answer(4, [fakeSession({ id: A })])
  await until(() => ids(list).length === 1, 'listed after the stream came back')
  assert.deepEqual(list.feed.value, { kind: 'live' })
  await end()
})

test('a failing list is shown with its reason until one succeeds', async () => {
  const { list, lists, answer, end } = start()
  lists[0]?.reject(new Error('Redis does not answer'))
  await until(() => list.feed.value.kind === 'down', 'down')
  assert.deepEqual(list.feed.value, { kind: 'down', reason: 'Redis does not answer' })
  await answer(1, [])
  await until(() => list.feed.value.kind === 'live', 'live')
  await end()
})

test('running sessions come first, then the newest, or whatever column is asked for', () => {
  const old = fakeSession({ id: 'local-old00000', createdAt: '2026-01-01T00:00:00Z', viewers: 2 })
  const gone = fakeSession({ id: 'local-gone0000', createdAt: '2026-03-01T00:00:00Z', phase: 'exited' })
  const fresh = fakeSession({ id: 'local-new00000', createdAt: '2026-02-01T00:00:00Z' })
  const order = (by: typeof NEWEST): string[] => sorted([old, gone, fresh], by).map(({ id }) => id)
  assert.deepEqual(order(NEWEST), [fresh.id, old.id, gone.id])
  assert.deepEqual(order(turned(NEWEST, 'age')), [old.id, fresh.id, gone.id])
  assert.deepEqual(order(turned(NEWEST, 'viewers')), [old.id, fresh.id, gone.id])
  assert.deepEqual(order({ column: 'status', reversed: true })[0], gone.id)
})

test('the filter wants every word, in whatever the row shows, in a label, or in one column', () => {
  const agent = { name: 'claude-code', detector: 'claude-code@2', state: 'waiting', evidence: '❯ 1. Yes' } as const
  const session = fakeSession({ id: 'local-aaaaaaaa', name: 'Build API', labels: { team: 'blue' }, agent })
  for (const filter of ['', 'build', 'api shell', 'team=blue', 'RUNNING', 'aaaa', 'phase:running', 'agent:waiting api'])
    assert.ok(filterOf(filter)(session), filter)
  for (const filter of ['build red', 'exited', 'phase:blue', 'constructor:x'])
    assert.ok(!filterOf(filter)(session), filter)
  assert.equal(toggled(toggled('api', 'team=blue'), 'api'), 'team=blue')
})
