/** Asks before a session is ended or removed, then does it. */
import { HoldfastError, hasEnded, type Session } from '@holdfast/protocol'
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { client, explain } from '../connection.ts'
import type { SessionList } from './session-list.ts'

interface EndDialogProps {
  /** The session asked about; null keeps the dialog shut. */
  session: Session | null
  list: SessionList
  onClose(): void
  onDone?(): void
}

const end = async (id: string): Promise<string | null> => {
  try {
    await client.deleteSession(id)
    return null
  } catch (error) {
    const gone = error instanceof HoldfastError && error.code === 'SESSION_NOT_FOUND'
    return gone ? null : explain(error)
  }
}

const Question = ({ session }: { session: Session }) =>
  hasEnded(session.phase) ? (
    <>
      <h2>Remove “{session.name}” from the list?</h2>
      <p>It has ended. Its last screen is lost with it.</p>
    </>
  ) : (
    <>
      <h2>End “{session.name}”?</h2>
      <p>Everything that runs in it is stopped, and its last screen is lost.</p>
    </>
  )

export const EndDialog = ({ session, list, onClose, onDone }: EndDialogProps) => {
  const dialog = useRef<HTMLDialogElement>(null)
  const failure = useSignal<string | null>(null)
  const busy = useSignal(false)
  useEffect(() => {
    failure.value = null
    if (session) dialog.current?.showModal()
    else dialog.current?.close()
  }, [session, failure])
  const confirm = async (): Promise<void> => {
    if (!session) return
    busy.value = true
    failure.value = await end(session.id)
    busy.value = false
    if (failure.value !== null) return
    list.forget(session.id)
    onClose()
    onDone?.()
  }
  return (
    <dialog ref={dialog} class="card" onClose={onClose}>
      {session && <Question session={session} />}
      {failure.value && (
        <p class="failure" role="alert">
          {failure.value}
        </p>
      )}
      <div class="choices">
        <button type="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" class="danger" disabled={busy.value} onClick={() => void confirm()}>
          {session && hasEnded(session.phase) ? 'Remove' : 'End session'}
        </button>
      </div>
    </dialog>
  )
}
