/** The honest line below a terminal: the link, who shares the session, its size. */
import { now } from '../now.ts'
import type { OpenPane } from './open-panes.ts'
import { canReattach, factsOf, linkLine, type ViewState } from './view-state.ts'

const LinkText = ({ state }: { state: ViewState }) => {
  const link = state.link.value
  const line = linkLine(link, factsOf(state), link.kind === 'waiting' ? now.value : 0)
  return (
    <span class={`link ${line.tone}`} role="status">
      {line.text}
    </span>
  )
}

/** Who has control; when the size is another window's, so does the line say. */
const Control = ({ pane: { state, live } }: { pane: OpenPane }) => {
  const alone = state.viewers.value <= 1
  if (state.control.value === 'mine' && !alone)
    return (
      <>
        <span>You have control</span>
        <button type="button" title="Let another window set the size" onClick={() => live.value?.releaseControl()}>
          Give up control
        </button>
      </>
    )
  if (state.control.value !== 'other') return null
  return (
    <>
      {!state.foreignSize.value && <span>Another window has control</span>}
      {!state.readOnly.value && (
        <button type="button" onClick={() => live.value?.takeControl()} title="Let this window set the size">
          Take control
        </button>
      )}
    </>
  )
}

const Facts = ({ pane }: { pane: OpenPane }) => {
  const { state } = pane
  const { cols, rows } = state.size.value
  const others = state.viewers.value - 1
  const elsewhere = state.control.value === 'other' && state.foreignSize.value
  return (
    <span class="facts">
      <Control pane={pane} />
      {others > 0 && <span>{others === 1 ? '1 other viewer' : `${others} other viewers`}</span>}
      {cols > 0 && (
        <span class="wide">
          {cols}×{rows}
          {elsewhere && ', set by another window'}
        </span>
      )}
      {state.rttMs.value !== null && (
        <span title="To the session and back">
          {state.rttMs.value < 10 ? state.rttMs.value.toFixed(1) : Math.round(state.rttMs.value)} ms
        </span>
      )}
      <span class="wide keys">Ctrl+F6 leaves the terminal</span>
    </span>
  )
}

export const PaneFoot = ({ pane }: { pane: OpenPane }) => {
  const { state, live } = pane
  const link = state.link.value
  return (
    <footer class="terminal-foot">
      <LinkText state={state} />
      {canReattach(link) && (
        <button type="button" onClick={() => live.value?.reattach()}>
          Attach again
        </button>
      )}
      {state.address.value ? (
        <span class="address">Ctrl+click opens {state.address.value}</span>
      ) : (
        state.notice.value && <span class="notice">{state.notice.value}</span>
      )}
      {link.kind === 'attached' && <Facts pane={pane} />}
    </footer>
  )
}
