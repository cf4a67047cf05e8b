/** Asks before a node is drained, and for how long its sessions must be idle to go. */
import type { NodeView } from '@holdfast/protocol'
import { Dialog } from '../dialog.tsx'

export interface DrainProps {
  /** Null: nothing is asked. */
  node: NodeView | null
  onClose(): void
  onDrain(id: string, endIdleSeconds: number | undefined): void
}

const Ask = ({ node, onClose, onDrain }: DrainProps & { node: NodeView }) => {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const minutes = String(new FormData(event.target as HTMLFormElement).get('minutes') ?? '')
    onDrain(node.id, minutes === '' ? undefined : Math.round(Number(minutes) * 60))
    onClose()
  }
  return (
    <form class="share" onSubmit={submit}>
      <h2>Drain “{node.id}”?</h2>
      <p>
        It takes no new sessions, and {node.sessions === 1 ? 'the one it has is' : `the ${node.sessions} it has are`}{' '}
        marked as draining, until you uncordon it.
      </p>
      <label>
        Move or end those without a viewer that are idle for <span class="optional">(minutes; empty: none)</span>
        <input name="minutes" type="number" min="0" step="any" inputMode="decimal" />
      </label>
      <div class="choices">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="danger">
          Drain
        </button>
      </div>
    </form>
  )
}

export const DrainDialog = (props: DrainProps) => (
  <Dialog open={props.node !== null} label="Drain a node" onClose={props.onClose}>
    {props.node && <Ask {...props} node={props.node} />}
  </Dialog>
)
