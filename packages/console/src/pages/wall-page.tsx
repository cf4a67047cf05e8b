/** Many live sessions at a glance: the list's filter and order, as screens instead of rows. */
import { useComputed } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { type Action, SHOW_HELP, SHOW_PALETTE, useActions } from '../keys/actions.ts'
import { go, NEW_SESSION, SESSIONS, terminalHref } from '../route.ts'
import { FeedLine, NoSessions } from '../sessions/feed-line.tsx'
import { filterOf, toggled } from '../sessions/filter.ts'
import { sorted } from '../sessions/order.ts'
import { SearchField } from '../sessions/search-field.tsx'
import type { SessionList } from '../sessions/session-list.ts'
import { Summary } from '../sessions/summary.tsx'
import { chosen, filter, order } from '../sessions/view.ts'
import { Cards } from '../wall/cards.tsx'
import { asked } from '../why/why-dialog.tsx'

export const WallPage = ({ list }: { list: SessionList }) => {
  const search = useRef<HTMLInputElement>(null)
  const columns = useRef(1)
  const shown = useComputed(() => sorted(list.sessions.value.filter(filterOf(filter.value)), order.value))
  useEffect(() => {
    document.title = 'Wall · Holdfast'
  }, [])
  const move = (step: number): void => chosen.move(shown.peek(), step)
  const step = (title: string, keys: string, by: () => number): Action => ({ title, keys, run: () => move(by()) })
  const onChosen = (run: (id: string) => void) => (): void => {
    const id = chosen.row.peek()
    if (id !== null) run(id)
  }
  useActions(
    () => [
      step('Next session', 'l ArrowRight', () => 1),
      step('Previous session', 'h ArrowLeft', () => -1),
      step('Row below', 'j ArrowDown', () => columns.current),
      step('Row above', 'k ArrowUp', () => -columns.current),
      step('First session', 'g Home', () => Number.NEGATIVE_INFINITY),
      step('Last session', 'G End', () => Number.POSITIVE_INFINITY),
      { title: 'Open the session', keys: 'Enter', run: onChosen((id) => go(terminalHref(id))) },
      { title: 'Search', keys: '/', run: () => search.current?.select() },
      {
        title: 'Why it is so',
        keys: 'w',
        run: onChosen((id) => {
          asked.value = list.get(id) ?? null
        }),
      },
      { title: 'New session', keys: 'n', run: () => go(NEW_SESSION) },
      { title: 'Go to the sessions', run: () => go(SESSIONS) },
      SHOW_PALETTE,
      SHOW_HELP,
    ],
    [],
  )
  return (
    <main class="page list-page">
      <div class="heading">
        <h1>Wall</h1>
        <span role="status">
          <FeedLine feed={list.feed.value} />
        </span>
        <SearchField field={search} onDone={() => move(Number.NEGATIVE_INFINITY)} />
      </div>
      <Summary
        sessions={list.sessions.value}
        filter={filter.value}
        onWord={(word) => {
          filter.value = toggled(filter.value, word)
        }}
      />
      {shown.value.length > 0 ? (
        <Cards
          sessions={shown.value}
          chosen={chosen}
          onColumns={(count) => {
            columns.current = count
          }}
        />
      ) : (
        <NoSessions feed={list.feed.value} filter={filter} any={list.sessions.value.length > 0} />
      )}
    </main>
  )
}
