/** One session: its terminal, which is loaded only here, and an honest status line. */
import { ERRORS } from '@holdfast/protocol'
import { useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { client, signInExpired } from '../connection.ts'
import { now } from '../now.ts'
import { go, SESSIONS } from '../route.ts'
import type { Endings } from '../sessions/endings.ts'
import type { SessionList } from '../sessions/session-list.ts'
import type { Live } from '../terminal/live.ts'
import { canReattach, linkLine, newViewState, type ViewState } from '../terminal/view-state.ts'

const BELL_MS = 200

/** The terminal itself: made once, fed by the session until the page is left. */
const useTerminal = (session: string, state: ViewState, onLeave: () => void) => {
  const element = useRef<HTMLDivElement>(null)
  const live = useRef<Live | null>(null)
  const failure = useSignal<string | null>(null)
  useEffect(() => {
    let left = false
    import('../terminal/live.ts').then(
      ({ Live }) => {
        if (left || !element.current) return
        live.current = new Live({ client, session, element: element.current, state, onLeave })
      },
      () => {
        failure.value = 'The terminal could not be loaded. Reload the page.'
      },
    )
    return () => {
      left = true
      live.current?.dispose()
      live.current = null
    }
  }, [session])
  return { element, live, failure }
}

const Head = (props: {
  name: string
  state: ViewState
  onEnd: (() => void) | null
  home: { current: HTMLAnchorElement | null }
}) => (
  <header class="terminal-head">
    <a ref={props.home} class="back" href={SESSIONS} aria-label="Back to the sessions">
      <span aria-hidden="true">‹</span> Sessions
    </a>
    <h1>{props.name}</h1>
    <span class="terminal-title">{props.state.title.value}</span>
    {props.onEnd && (
      <button type="button" class="plain" onClick={props.onEnd}>
        End
      </button>
    )}
  </header>
)

const LinkText = ({ state }: { state: ViewState }) => {
  const link = state.link.value
  const line = linkLine(link, state.readOnly.value, state.waitingInput.value, link.kind === 'waiting' ? now.value : 0)
  return (
    <span class={`link ${line.tone}`} role="status">
      {line.text}
    </span>
  )
}

/** Who shares the session, and its size; when that is another window's, so does the line say. */
const Facts = ({ state, live }: { state: ViewState; live: { current: Live | null } }) => {
  const { cols, rows } = state.size.value
  const others = state.viewers.value - 1
  const elsewhere = state.control.value === 'other' && state.foreignSize.value
  return (
    <span class="facts">
      {others > 0 && <span>{others === 1 ? '1 other viewer' : `${others} other viewers`}</span>}
      {cols > 0 && (
        <span>
          {cols}×{rows}
          {elsewhere && ', set by another window'}
        </span>
      )}
      {state.control.value === 'mine' && others > 0 && <span>This window has control</span>}
      {state.control.value === 'other' && !elsewhere && <span>Another window has control</span>}
      {state.control.value === 'other' && !state.readOnly.value && (
        <button type="button" onClick={() => live.current?.takeControl()} title="Let this window set the size">
          Take control
        </button>
      )}
      <span class="keys">Ctrl+F6 leaves the terminal</span>
    </span>
  )
}

const Foot = ({ state, live }: { state: ViewState; live: { current: Live | null } }) => {
  const link = state.link.value
  return (
    <footer class="terminal-foot">
      <LinkText state={state} />
      {canReattach(link) && (
        <button type="button" onClick={() => live.current?.reattach()}>
          Attach again
        </button>
      )}
      {state.notice.value && <span class="notice">{state.notice.value}</span>}
      {link.kind === 'attached' && <Facts state={state} live={live} />}
    </footer>
  )
}

/** True for a moment after every bell. */
const useBell = (state: ViewState): boolean => {
  const rung = state.bells.value
  const lit = useSignal(false)
  useEffect(() => {
    if (rung === 0) return
    lit.value = true
    const timer = setTimeout(() => {
      lit.value = false
    }, BELL_MS)
    return () => clearTimeout(timer)
  }, [rung])
  return lit.value
}

export const TerminalPage = ({ session, list, endings }: { session: string; list: SessionList; endings: Endings }) => {
  const state = useMemo(newViewState, [session])
  const home = useRef<HTMLAnchorElement>(null)
  const { element, live, failure } = useTerminal(session, state, () => home.current?.focus())
  const known = list.get(session)
  const name = known?.name ?? session
  const title = state.title.value
  useEffect(() => {
    document.title = `${title || name} · Holdfast`
  }, [title, name])
  const link = state.link.value
  useEffect(() => {
    if (link.kind === 'closed' && link.code === ERRORS.UNAUTHENTICATED.ws) signInExpired()
  }, [link])
  const ring = useBell(state)
  const frame = `terminal-frame${ring ? ' bell' : ''}${state.foreignSize.value ? ' foreign' : ''}`
  return (
    <div class="terminal-page">
      <Head
        name={name}
        state={state}
        home={home}
        onEnd={
          known
            ? () => {
                endings.plan([known])
                go(SESSIONS)
              }
            : null
        }
      />
      <main class={frame} aria-label={`Terminal of ${name}`}>
        <div class="terminal-room" ref={element} />
        {failure.value && (
          <p class="failure" role="alert">
            {failure.value}
          </p>
        )}
      </main>
      <Foot state={state} live={live} />
    </div>
  )
}
