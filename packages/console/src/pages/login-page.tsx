/** Signing in: an API key typed once and exchanged for a cookie. */

import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { signIn } from '../connection.ts'
import { Failure } from '../failure.tsx'

export const LoginPage = ({ notice }: { notice: string | null }) => {
  const field = useRef<HTMLInputElement>(null)
  const failure = useSignal<string | null>(null)
  const busy = useSignal(false)
  useEffect(() => {
    document.title = 'Sign in · Holdfast'
    field.current?.focus()
  }, [])
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const key = field.current?.value.trim() ?? ''
    if (key === '') return
    busy.value = true
    failure.value = await signIn(key)
    busy.value = false
    field.current?.select()
  }
  return (
    <main class="page login">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <h1>Sign in to Holdfast</h1>
        {notice && <p class="quiet">{notice}</p>}
        <label>
          API key
          <input
            ref={field}
            name="key"
            type="password"
            placeholder="hf_…"
            autocomplete="off"
            spellcheck={false}
            required
            aria-describedby="key-hint"
          />
        </label>
        <p class="hint" id="key-hint">
          <code>npm start</code> prints it after “key:”. It is not stored in this browser.
        </p>
        <Failure text={failure.value} />
        <button type="submit" class="primary" disabled={busy.value}>
          {busy.value ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>
  )
}
