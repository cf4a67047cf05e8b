/** A link by which others see a session without an account: its role, and how long it counts. */

import type { Ticket } from '@holdfast/protocol'
import { signal, useSignal } from '@preact/signals'
import { client, explain } from '../connection.ts'
import { Dialog } from '../dialog.tsx'
import { Failure } from '../failure.tsx'
import { sharedHref } from '../route.ts'
import type { SessionList } from '../sessions/session-list.ts'

/** Id of the session that is to be shared. */
export const sharing = signal<string | null>(null)

const TIMES = [
  { seconds: 900, text: '15 minutes' },
  { seconds: 3600, text: '1 hour' },
  { seconds: 28_800, text: '8 hours' },
  { seconds: 604_800, text: '7 days' },
] as const
const USUAL_SECONDS = 3600
/** Connects; every reconnect of a viewer is one. */
const USES = 100

const linkOf = (session: string, { ticket }: Ticket): string => new URL(sharedHref(session, ticket), location.href).href

const Made = ({ session, ticket }: { session: string; ticket: Ticket }) => {
  const copied = useSignal(false)
  const link = linkOf(session, ticket)
  const copy = async (): Promise<void> => {
    await navigator.clipboard?.writeText(link)
    copied.value = navigator.clipboard !== undefined
  }
  return (
    <>
      <label>
        Link
        <input class="mono" readOnly value={link} onFocus={(event) => event.currentTarget.select()} />
      </label>
      <p class="hint">
        {ticket.mode === 'ro' ? 'Whoever has it may watch' : 'Whoever has it may type'}, until{' '}
        {new Date(ticket.expiresAt).toLocaleString()}, {ticket.uses} connects. It cannot be taken back before.
      </p>
      <div class="choices">
        <button type="button" class="primary" onClick={() => void copy()}>
          {copied.value ? 'Copied' : 'Copy the link'}
        </button>
      </div>
    </>
  )
}

const Ask = ({ session }: { session: string }) => {
  const made = useSignal<Ticket | null>(null)
  const failure = useSignal<string | null>(null)
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const form = new FormData(event.target as HTMLFormElement)
    const mode = form.get('mode') === 'rw' ? 'rw' : 'ro'
    try {
      made.value = await client.createTicket(session, { mode, ttlSeconds: Number(form.get('seconds')), uses: USES })
    } catch (error) {
      failure.value = explain(error)
    }
  }
  if (made.value) return <Made session={session} ticket={made.value} />
  return (
    <form class="share" onSubmit={(event) => void submit(event)}>
      <label>
        Who opens it
        <select name="mode">
          <option value="ro">may only watch</option>
          <option value="rw">may type, too</option>
        </select>
      </label>
      <label>
        It counts for
        <select name="seconds">
          {TIMES.map(({ seconds, text }) => (
            <option key={seconds} value={seconds} selected={seconds === USUAL_SECONDS}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <Failure text={failure.value} />
      <div class="choices">
        <button type="submit" class="primary">
          Make the link
        </button>
      </div>
    </form>
  )
}

export const ShareDialog = ({ list }: { list: SessionList }) => {
  const session = sharing.value
  const close = (): void => {
    sharing.value = null
  }
  return (
    <Dialog open={session !== null} label="Share" onClose={close}>
      <h2>Share “{session === null ? '' : (list.get(session)?.name ?? session)}”</h2>
      {session !== null && <Ask key={session} session={session} />}
    </Dialog>
  )
}
