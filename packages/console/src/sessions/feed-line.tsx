/** How fresh the list is, and what to do when there is nothing in it. */
import type { Signal } from '@preact/signals'
import { NEW_SESSION } from '../route.ts'
import type { Feed } from './session-list.ts'

export const FeedLine = ({ feed }: { feed: Feed }) => {
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

export const NoSessions = ({ feed, filter, any }: { feed: Feed; filter: Signal<string>; any: boolean }) => {
  if (any)
    return (
      <div class="empty">
        <p>No session matches “{filter.value}”.</p>
        <button
          type="button"
          onClick={() => {
            filter.value = ''
          }}
        >
          Show all
        </button>
      </div>
    )
  if (feed.kind === 'loading') return <p class="empty">Loading the sessions…</p>
  if (feed.kind === 'down')
    return (
      <div class="empty">
        <p>The list could not be loaded: {feed.reason}</p>
        <p>The page asks again every 3 s; sessions go on without it. Does the orchestrator run?</p>
      </div>
    )
  return (
    <div class="empty">
      <p>No sessions yet.</p>
      <p>
        <a href={NEW_SESSION}>Start one here</a>, or run <code>holdfast new</code> in a terminal.
      </p>
    </div>
  )
}
