/** Every key of the page, from the list that they come from. */
import { Dialog } from '../dialog.tsx'
import { actions, keyNames, overlay } from './actions.ts'

export const Keys = ({ keys }: { keys: string }) => (
  <span class="key-names">
    {keyNames(keys).map((parts) => (
      <kbd key={parts.join()}>{parts.join('+')}</kbd>
    ))}
  </span>
)

export const HelpDialog = () => (
  <Dialog
    open={overlay.value === 'help'}
    class="help"
    label="Keyboard help"
    onClose={() => {
      overlay.value = null
    }}
  >
    <h2>Keyboard</h2>
    <dl>
      {actions.value.map(
        ({ title, keys }) =>
          keys && (
            <div key={title}>
              <dt>{title}</dt>
              <dd>
                <Keys keys={keys} />
              </dd>
            </div>
          ),
      )}
    </dl>
  </Dialog>
)
