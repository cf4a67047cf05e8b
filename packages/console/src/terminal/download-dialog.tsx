/** Asks for the path of a file of a session; the browser itself takes it, and shows how far it is. */
import { signal, useSignal } from '@preact/signals'
import { base, client, explain } from '../connection.ts'
import { Dialog } from '../dialog.tsx'
import { Failure } from '../failure.tsx'
import { openPanes } from './open-panes.ts'

/** Id of the session that a file is wanted of. */
export const downloading = signal<string | null>(null)

const close = (): void => {
  downloading.value = null
}

/** Throws what is wrong with it: the browser would only say that it failed. */
const take = async (session: string, path: string): Promise<void> => {
  await (await client.download(session, path)).body.cancel()
  const link = document.createElement('a')
  link.href = `${base}${client.fileUrl(session, path)}`
  link.download = ''
  link.click()
}

const Ask = ({ session }: { session: string }) => {
  const failure = useSignal<string | null>(null)
  const cwd = openPanes.value.get(session)?.state.cwd.value
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    try {
      await take(session, String(new FormData(event.target as HTMLFormElement).get('path')))
      close()
    } catch (error) {
      failure.value = explain(error)
    }
  }
  return (
    <form class="share" onSubmit={(event) => void submit(event)}>
      <h2>Download a file</h2>
      <label>
        Path
        <input name="path" class="mono" required autofocus autocomplete="off" spellcheck={false} />
      </label>
      <p class="hint">A relative path begins {cwd ? <code>in {cwd}</code> : 'where the shell is'}.</p>
      <Failure text={failure.value} />
      <div class="choices">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" class="primary">
          Download
        </button>
      </div>
    </form>
  )
}

export const DownloadDialog = () => (
  <Dialog open={downloading.value !== null} label="Download a file" onClose={close}>
    {downloading.value !== null && <Ask session={downloading.value} />}
  </Dialog>
)
