/** Keys that a soft keyboard has not, in a row above it. They do not take the focus, so the keyboard stays. */
import { KEY_BAR } from './key-sequences.ts'
import type { OpenPane } from './open-panes.ts'

const keepFocus = (event: Event): void => event.preventDefault()

export const KeyBar = ({ pane }: { pane: OpenPane }) => {
  const { ctrl } = pane.state
  return (
    <div class="key-bar" role="toolbar" aria-label="Keys">
      <button
        type="button"
        aria-pressed={ctrl.value}
        onPointerDown={keepFocus}
        onClick={() => {
          ctrl.value = !ctrl.value
        }}
      >
        Ctrl
      </button>
      {KEY_BAR.map((key) => (
        <button
          key={key.title}
          type="button"
          aria-label={key.name}
          onPointerDown={keepFocus}
          onClick={() => pane.live.value?.pane.press(key)}
        >
          {key.title}
        </button>
      ))}
    </div>
  )
}
