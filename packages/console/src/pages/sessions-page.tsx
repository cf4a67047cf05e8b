/** All sessions of the caller, live: found by words, labels and columns, opened, marked and ended by mouse or keyboard. */
import type { Session } from '@holdfast/protocol'
import { useComputed } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { type Action, SHOW_HELP, SHOW_PALETTE, useActions } from '../keys/actions.ts'
import { likeSession } from '../new/recent.ts'
import { go, NEW_SESSION, newSessionHref, terminalHref } from '../route.ts'
import type { Endings } from '../sessions/endings.ts'
import { FeedLine, NoSessions } from '../sessions/feed-line.tsx'
import { filterOf, toggled } from '../sessions/filter.ts'
import { sorted } from '../sessions/order.ts'
import { SearchField } from '../sessions/search-field.tsx'
import type { SessionList } from '../sessions/session-list.ts'
import { SessionTable } from '../sessions/session-table.tsx'
import { Summary } from '../sessions/summary.tsx'
import { chosen, filter, order } from '../sessions/view.ts'
import { asked } from '../why/why-dialog.tsx'

interface Parts {
  list: SessionList
  endings: Endings
}

const PAGE_ROWS = 10

const marked = (shown: readonly Session[]): Session[] => shown.filter(({ id }) => chosen.ids.peek().has(id))

/** The marked ones, else the one that the keys are on. */
const endChosen = (shown: readonly Session[], endings: Endings): void => {
  const some = marked(shown)
  endings.plan(some.length > 0 ? some : shown.filter(({ id }) => id === chosen.row.peek()))
  chosen.none()
}

const askWhy = (shown: readonly Session[]): void => {
  asked.value = shown.find(({ id }) => id === chosen.row.peek()) ?? null
}

const actionsOf = (shown: () => readonly Session[], endings: Endings, search: () => void): Action[] => {
  const step = (title: string, keys: string, by: number): Action => ({
    title,
    keys,
    run: () => chosen.move(shown(), by),
  })
  const onRow = (run: (id: string) => void) => (): void => {
    const id = chosen.row.peek()
    if (id !== null) run(id)
  }
  return [
    step('Next session', 'j ArrowDown', 1),
    step('Previous session', 'k ArrowUp', -1),
    step('Ten further', 'PageDown', PAGE_ROWS),
    step('Ten back', 'PageUp', -PAGE_ROWS),
    step('First session', 'g Home', Number.NEGATIVE_INFINITY),
    step('Last session', 'G End', Number.POSITIVE_INFINITY),
    { title: 'Open the session', keys: 'Enter', run: onRow((id) => go(terminalHref(id))) },
    { title: 'Search', keys: '/', run: search },
    { title: 'Select', keys: 'x', run: onRow((id) => chosen.toggle(id, shown())) },
    { title: 'Select all that are shown', keys: 'a', run: () => chosen.all(shown()) },
    { title: 'Select none', keys: 'Escape', run: () => chosen.none() },
    { title: 'End the session, or those selected', keys: 'e', run: () => endChosen(shown(), endings) },
    { title: 'Why it is so', keys: 'w', run: () => askWhy(shown()) },
    { title: 'Undo ending', keys: 'u', run: () => endings.undo() },
    { title: 'New session', keys: 'n', run: () => go(NEW_SESSION) },
    {
      title: 'New session like this one',
      keys: 'r',
      run: onRow((id) => {
        const session = shown().find((one) => one.id === id)
        if (session !== undefined) go(newSessionHref(likeSession(session)))
      }),
    },
    SHOW_PALETTE,
    SHOW_HELP,
  ]
}

const MarkedBar = ({ shown, endings }: { shown: readonly Session[]; endings: Endings }) => {
  const some = marked(shown)
  if (chosen.ids.value.size === 0 || some.length === 0) return null
  return (
    <section class="marked-bar" aria-label="Selected sessions">
      <span>{some.length} selected</span>
      <button type="button" class="danger" onClick={() => endChosen(shown, endings)}>
        End {some.length === 1 ? 'it' : 'them'}
      </button>
      <button type="button" class="plain" onClick={() => chosen.none()}>
        Clear
      </button>
    </section>
  )
}

export const SessionsPage = ({ list, endings }: Parts) => {
  const search = useRef<HTMLInputElement>(null)
  const shown = useComputed(() => sorted(list.sessions.value.filter(filterOf(filter.value)), order.value))
  useEffect(() => {
    document.title = 'Sessions · Holdfast'
  }, [])
  useActions(
    () =>
      actionsOf(
        () => shown.peek(),
        endings,
        () => search.current?.select(),
      ),
    [],
  )
  const narrowDown = (word: string): void => {
    filter.value = toggled(filter.value, word)
  }
  return (
    <main class="page list-page">
      <div class="heading">
        <h1>Sessions</h1>
        <span role="status">
          <FeedLine feed={list.feed.value} />
        </span>
        <SearchField field={search} onDone={() => chosen.move(shown.peek(), Number.NEGATIVE_INFINITY)} />
        <a class="button primary" href={NEW_SESSION}>
          New session
        </a>
      </div>
      <Summary sessions={list.sessions.value} filter={filter.value} onWord={narrowDown} />
      {shown.value.length > 0 ? (
        <SessionTable sessions={shown.value} chosen={chosen} order={order} endings={endings} onLabel={narrowDown} />
      ) : (
        <NoSessions feed={list.feed.value} filter={filter} any={list.sessions.value.length > 0} />
      )}
      {list.cut.value && <p class="hint">Only the first {list.sessions.value.length} sessions are shown.</p>}
      <MarkedBar shown={shown.value} endings={endings} />
    </main>
  )
}
