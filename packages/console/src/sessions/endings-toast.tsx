/** Says what is about to be ended, with the way back, on every page. */
import { now } from '../now.ts'
import type { Endings } from './endings.ts'

const secondsUntil = (ms: number): number => Math.max(0, Math.ceil((ms - now.value) / 1000))

const whom = (names: readonly string[]): string => (names.length === 1 ? `“${names[0]}”` : `${names.length} sessions`)

export const EndingsToast = ({ endings }: { endings: Endings }) => {
  const planned = endings.planned.value
  const failure = endings.failure.value
  return (
    <div class="toasts" aria-live="polite">
      {planned && (
        <div class="toast">
          <span>
            Ending {whom(planned.sessions.map(({ name }) => name))}
            <span aria-hidden="true"> in {secondsUntil(planned.dueAtMs)} s</span>
          </span>
          <button type="button" onClick={() => endings.undo()}>
            Undo
          </button>
        </div>
      )}
      {failure && (
        <div class="toast" role="alert">
          <span class="failure">{failure}</span>
          <button
            type="button"
            onClick={() => {
              endings.failure.value = null
            }}
          >
            Dismiss
          </button>
        </div>
      )}
    </div>
  )
}
