/** Sessions side by side and in tabs; a tab that is not shown stays attached. */
import { ERRORS } from '@holdfast/protocol'
import { useEffect, useRef } from 'preact/hooks'
import { client, signInExpired } from '../connection.ts'
import { SHOW_PALETTE, useActions } from '../keys/actions.ts'
import { narrow } from '../narrow.ts'
import { SESSIONS } from '../route.ts'
import type { Endings } from '../sessions/endings.ts'
import type { SessionList } from '../sessions/session-list.ts'
import { ShareDialog, sharing } from '../share/share-dialog.tsx'
import { Borders } from '../terminal/borders.tsx'
import { DownloadDialog } from '../terminal/download-dialog.tsx'
import { arrange, type Layout, layoutText, sessionsOf } from '../terminal/layout.ts'
import { openPanes } from '../terminal/open-panes.ts'
import { PaneView } from '../terminal/pane-view.tsx'
import { followKeyboard } from '../terminal/soft-keyboard.ts'
import { TabBar } from '../terminal/tab-bar.tsx'
import { closeSession, focused, showLayout, tabs, weights } from '../terminal/tabs.ts'
import { fullScreen, terminalActions } from '../terminal/terminal-actions.ts'

interface Parts {
  layout: Layout
  list: SessionList
  endings: Endings
}

/** Title and directory of the session that has the keyboard, the latter as the list knows it until the shell tells of another, and whether the sign-in still holds. */
const Where = ({ name, known }: { name: string; known: string }) => {
  const state = openPanes.value.get(focused.value)?.state
  const title = state?.title.value ?? ''
  const link = state?.link.value
  useEffect(() => {
    document.title = `${title || name} · Holdfast`
  }, [title, name])
  useEffect(() => {
    if (link?.kind === 'closed' && link.code === ERRORS.UNAUTHENTICATED.ws) signInExpired()
  }, [link])
  const cwd = state?.cwd.value || known
  return (
    <span class="where" title={`${title} ${cwd}`}>
      {title} {cwd && <code>{cwd}</code>}
    </span>
  )
}

const Icon = ({ path }: { path: string }) => (
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d={path} />
  </svg>
)

const Tools = () => (
  <span class="tools">
    <button
      type="button"
      class="plain"
      onClick={() => {
        sharing.value = focused.peek()
      }}
    >
      Share
    </button>
    <button type="button" class="plain" aria-label="Full screen" title="Full screen" onClick={fullScreen}>
      <Icon path="M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3" />
    </button>
    <button
      type="button"
      class="plain"
      aria-label="Commands"
      title="Commands (Ctrl+Shift+P)"
      onClick={SHOW_PALETTE.run}
    >
      <Icon path="M3 8h.01M8 8h.01M13 8h.01" />
    </button>
  </span>
)

/** Of all tabs, those that were shown once; in an order that does not change, so that none is moved in the page. */
const usePanes = (layout: Layout): string[] => {
  const shown = useRef(new Set<string>())
  const known = new Set([...tabs.value.flatMap(sessionsOf), ...sessionsOf(layout)])
  for (const id of sessionsOf(layout)) shown.current.add(id)
  for (const id of shown.current) if (!known.has(id)) shown.current.delete(id)
  return [...shown.current].sort()
}

export const TerminalPage = ({ layout, list, endings }: Parts) => {
  const home = useRef<HTMLAnchorElement>(null)
  const address = layoutText(layout)
  useEffect(() => showLayout(layout), [address])
  useActions(() => terminalActions(list, endings), [])
  useEffect(() => {
    const stop = new AbortController()
    followKeyboard(stop.signal)
    return () => stop.abort()
  }, [])
  const panes = usePanes(layout)
  // A phone shows one of them; the palette goes to the next.
  const alone = narrow.value && sessionsOf(layout).includes(focused.value)
  const shown = alone ? [[focused.value]] : layout
  const { places } = arrange(shown, weights.value)
  const nameOf = (id: string): string => list.get(id)?.name ?? id
  return (
    <div class="terminal-page">
      <header class="terminal-head">
        <a ref={home} class="back" href={SESSIONS} aria-label="Back to the sessions">
          ‹ <span>Sessions</span>
        </a>
        <h1 class="only-heard">{nameOf(focused.value)}</h1>
        <TabBar shown={layout} list={list} />
        <Where name={nameOf(focused.value)} known={list.get(focused.value)?.cwd ?? ''} />
        <Tools />
      </header>
      <main class="panes" aria-label="Terminals">
        {panes.map((id) => (
          <PaneView
            key={id}
            client={client}
            session={id}
            name={nameOf(id)}
            place={places.find((place) => place.id === id) ?? null}
            divided={places.length > 1}
            takesFiles
            onLeave={() => home.current?.focus()}
            onClose={() => closeSession(id)}
          />
        ))}
        <Borders layout={shown} />
      </main>
      <ShareDialog list={list} />
      <DownloadDialog />
    </div>
  )
}
