/** A session that someone shared by a link: no account is needed, and nothing else can be reached from here. */
import { HoldfastClient } from '@holdfast/client'
import { useEffect, useMemo } from 'preact/hooks'
import { base } from '../connection.ts'
import { openPanes } from '../terminal/open-panes.ts'
import { PaneView } from '../terminal/pane-view.tsx'
import { followKeyboard } from '../terminal/soft-keyboard.ts'
import { focused } from '../terminal/tabs.ts'

const WHOLE = { left: 0, top: 0, width: 1, height: 1 }

export const SharedPage = ({ session, ticket }: { session: string; ticket: string }) => {
  const client = useMemo(() => new HoldfastClient({ url: base, ticket }), [ticket])
  useEffect(() => {
    focused.value = session
    const stop = new AbortController()
    followKeyboard(stop.signal)
    return () => stop.abort()
  }, [session])
  const state = focused.value === session ? openPanes.value.get(session)?.state : undefined
  const title = state?.title.value ?? ''
  useEffect(() => {
    document.title = `${title || 'Shared session'} · Holdfast`
  }, [title])
  return (
    <div class="terminal-page">
      <header class="terminal-head">
        <h1 class="shared-name">Shared session</h1>
        <span class="where">{title}</span>
      </header>
      <main class="panes" aria-label="Terminal">
        <PaneView
          client={client}
          session={session}
          name="Shared session"
          place={{ id: session, ...WHOLE }}
          divided={false}
          onLeave={() => document.querySelector<HTMLElement>('.terminal-foot button')?.focus()}
        />
      </main>
    </div>
  )
}
