/** Asks before many lines are pasted. */
import { Dialog } from '../dialog.tsx'
import type { OpenPane } from './open-panes.ts'
import { linesOf } from './paste-guard.ts'

const SHOWN_LINES = 8

export const PasteDialog = ({ pane: { state, live } }: { pane: OpenPane }) => {
  const text = state.pasting.value
  const close = (): void => {
    state.pasting.value = null
    live.value?.pane.focus()
  }
  const count = linesOf(text ?? '')
  return (
    <Dialog open={text !== null} class="paste" label="Paste" onClose={close}>
      <h2>Paste {count} lines?</h2>
      <p>The program in front may run each of them at once.</p>
      <pre>
        {text?.split('\n').slice(0, SHOWN_LINES).join('\n')}
        {count > SHOWN_LINES && '\n…'}
      </pre>
      <div class="choices">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button
          type="button"
          class="primary"
          autofocus
          onClick={() => {
            live.value?.pane.paste(text ?? '')
            close()
          }}
        >
          Paste
        </button>
      </div>
    </Dialog>
  )
}
