/** The frame of every page: who may see it, the bar on top, and the page that the address asks for. */
import { useEffect } from 'preact/hooks'
import { account, checkAccount, client, explain, isOperator, signOut } from './connection.ts'
import { SHOW_HELP, SHOW_PALETTE } from './keys/actions.ts'
import { HelpDialog } from './keys/help-dialog.tsx'
import { NewSessionPage } from './new/new-session-page.tsx'
import { LoginPage } from './pages/login-page.tsx'
import { OperatePage } from './pages/operate-page.tsx'
import { SessionsPage } from './pages/sessions-page.tsx'
import { SharedPage } from './pages/shared-page.tsx'
import { TerminalPage } from './pages/terminal-page.tsx'
import { WallPage } from './pages/wall-page.tsx'
import { Palette } from './palette/palette.tsx'
import { OPERATE, type Route, route, SESSIONS, WALL } from './route.ts'
import { Endings } from './sessions/endings.ts'
import { EndingsToast } from './sessions/endings-toast.tsx'
import { SessionList } from './sessions/session-list.ts'
import { WhyDialog } from './why/why-dialog.tsx'

const list = new SessionList(client, explain)
const endings = new Endings({
  end: (id) => client.deleteSession(id),
  onEnded: (id) => list.forget(id),
  explain,
})

const Mark = () => (
  <svg class="mark" viewBox="0 0 20 20" aria-hidden="true">
    <rect width="20" height="20" rx="5" />
    <path d="M6 5.5v9M14 5.5v9M6 10h8" />
  </svg>
)

const PAGES = [
  { page: 'sessions', title: 'Sessions', href: SESSIONS },
  { page: 'wall', title: 'Wall', href: WALL },
  { page: 'operate', title: 'Operate', href: OPERATE },
] as const

const Pages = () => (
  <nav aria-label="Pages">
    {PAGES.filter(({ page }) => page !== 'operate' || isOperator()).map(({ page, title, href }) => (
      <a key={page} href={href} aria-current={route.value.page === page ? 'page' : undefined}>
        {title}
      </a>
    ))}
  </nav>
)

const TopBar = ({ principal }: { principal: string }) => (
  <header class="topbar">
    <a class="brand" href={SESSIONS} aria-label="Holdfast">
      <Mark />
      <span>Holdfast</span>
    </a>
    <Pages />
    <button type="button" class="plain" onClick={SHOW_PALETTE.run} aria-keyshortcuts="Control+K">
      Commands <kbd>Ctrl+K</kbd>
    </button>
    <button type="button" class="plain" onClick={SHOW_HELP.run} aria-label="Keyboard help" aria-keyshortcuts="?">
      <kbd>?</kbd>
    </button>
    <span class="principal">{principal}</span>
    <button
      type="button"
      class="plain"
      onClick={() => {
        endings.undo()
        void signOut()
      }}
    >
      Sign out
    </button>
  </header>
)

const Page = ({ at }: { at: Exclude<Route, { page: 'shared' }> }) => {
  switch (at.page) {
    case 'sessions':
      return <SessionsPage list={list} endings={endings} />
    case 'new':
      return <NewSessionPage key={String(at.fields)} list={list} fields={at.fields} />
    case 'terminal':
      return <TerminalPage layout={at.layout} list={list} endings={endings} />
    case 'wall':
      return <WallPage list={list} />
    case 'operate':
      return <OperatePage />
    case 'unknown':
      return (
        <main class="page narrow">
          <h1>No such page</h1>
          <p>
            There is nothing at “{at.path}”. <a href={SESSIONS}>Go to the sessions</a>
          </p>
        </main>
      )
  }
}

const SignedIn = ({ principal, at }: { principal: string; at: Exclude<Route, { page: 'shared' }> }) => {
  useEffect(() => {
    const stop = new AbortController()
    void list.follow(stop.signal)
    return () => stop.abort()
  }, [])
  return (
    <>
      {at.page === 'terminal' ? null : <TopBar principal={principal} />}
      <Page at={at} />
      <EndingsToast endings={endings} />
      <Palette sessions={list.sessions.value} />
      <HelpDialog />
      <WhyDialog />
    </>
  )
}

export const App = () => {
  const at = route.value
  if (at.page === 'shared') return <SharedPage key={at.ticket} session={at.session} ticket={at.ticket} />
  const who = account.value
  if (who.kind === 'in') return <SignedIn principal={who.principal} at={at} />
  if (who.kind === 'out') return <LoginPage notice={who.notice} />
  if (who.kind === 'unknown') return <p class="centred quiet">Loading…</p>
  return (
    <main class="page narrow">
      <h1>Not connected</h1>
      <p role="alert">{who.reason} Sessions go on without it.</p>
      <button type="button" onClick={() => void checkAccount()}>
        Try again
      </button>
    </main>
  )
}
