/** All sessions of the caller, live, with a filter. */

import type { Session } from '@holdfast/protocol'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { NEW_SESSION } from '../route.ts'
import { EndDialog } from '../sessions/end-dialog.tsx'
import { matches } from '../sessions/filter.ts'
import type { Feed, SessionList } from '../sessions/session-list.ts'
import { SessionTable } from '../sessions/session-table.tsx'

const FeedLine = ({ feed }: { feed: Feed }) => {
  if (feed.kind === 'loading') return <span class="feed quiet">Loading…</span>
  if (feed.kind === 'live') return <span class="feed good">Live</span>
  if (feed.kind === 'polling')
    return (
      <span class="feed busy" title={feed.reason}>
        No live events; asking every 3 s
      </span>
    )
  return <span class="feed bad">Not up to date: {feed.reason}</span>
}

const Empty = ({ feed, filtered }: { feed: Feed; filtered: boolean }) => {
  if (feed.kind === 'loading') return null
  if (filtered) return <p class="empty">No session matches the filter.</p>
  if (feed.kind === 'down') return <p class="empty">The list could not be loaded. The page keeps trying.</p>
  return (
    <div class="empty">
      <p>No sessions yet.</p>
      <p>
        <a href={NEW_SESSION}>Start one here</a>, or run <code>holdfast new</code> in a terminal.
      </p>
    </div>
  )
}

export const SessionsPage = ({ list }: { list: SessionList }) => {
  const filter = useSignal('')
  const ending = useSignal<Session | null>(null)
  useEffect(() => {
    document.title = 'Sessions · Holdfast'
  }, [])
  const all = list.sessions.value
  const shown = all.filter((session) => matches(session, filter.value))
  return (
    <main class="page">
      <div class="heading">
        <h1>Sessions</h1>
        <span role="status">
          <FeedLine feed={list.feed.value} />
        </span>
        <input
          type="search"
          aria-label="Filter sessions"
          placeholder="Filter by name, id, phase…"
          value={filter.value}
          onInput={(event) => {
            filter.value = event.currentTarget.value
          }}
        />
        <a class="button primary" href={NEW_SESSION}>
          New session
        </a>
      </div>
      {shown.length > 0 ? (
        <SessionTable
          sessions={shown}
          onEnd={(session) => {
            ending.value = session
          }}
        />
      ) : (
        <Empty feed={list.feed.value} filtered={all.length > 0} />
      )}
      {list.cut.value && <p class="hint">Only the first {all.length} sessions are shown.</p>}
      <EndDialog
        session={ending.value}
        list={list}
        onClose={() => {
          ending.value = null
        }}
      />
    </main>
  )
}
