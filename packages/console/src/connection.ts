/** The page's one client, and who is signed in. The API key is sent once and never kept: the gateway answers with an HttpOnly cookie. */
import { HoldfastClient } from '@holdfast/client'
import { HoldfastError } from '@holdfast/protocol'
import { signal } from '@preact/signals'

export type Account =
  | { kind: 'unknown' }
  | { kind: 'unreachable'; reason: string }
  | { kind: 'out'; notice: string | null }
  | { kind: 'in'; principal: string; operator: boolean }

/** Relative to the page, so that the console also works behind a path prefix. */
export const base = new URL('.', location.href).href.replace(/\/$/, '')

export const client = new HoldfastClient({ url: base })
export const account = signal<Account>({ kind: 'unknown' })

const readAccount = async (answer: Response): Promise<Account> => {
  const { principal = '', role } = (await answer.json()) as { principal?: unknown; role?: unknown }
  return { kind: 'in', principal: String(principal), operator: role === 'operator' }
}

/** May the caller do what is for operators? The API asks again. */
export const isOperator = (): boolean => account.value.kind === 'in' && account.value.operator

export const checkAccount = async (): Promise<void> => {
  try {
    const answer = await fetch(`${base}/login`, { headers: { accept: 'application/json' } })
    if (answer.ok) account.value = await readAccount(answer)
    else if (answer.status === 401) account.value = { kind: 'out', notice: null }
    else account.value = { kind: 'unreachable', reason: `The gateway answered ${answer.status}.` }
  } catch {
    account.value = { kind: 'unreachable', reason: 'The gateway does not answer.' }
  }
}

/** Resolves with what to tell the user, or null when signed in. */
export const signIn = async (key: string): Promise<string | null> => {
  try {
    const answer = await fetch(`${base}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key }),
    })
    if (answer.status === 401) return 'This key is not known. Check that all of it was pasted.'
    if (!answer.ok) return `Signing in failed: the gateway answered ${answer.status}.`
    await checkAccount()
    return account.value.kind === 'in' ? null : 'The gateway took the key, but the browser did not keep its cookie.'
  } catch {
    return 'The gateway does not answer. Try again in a moment.'
  }
}

export const signOut = async (): Promise<void> => {
  await fetch(`${base}/logout`, { method: 'POST' }).catch(() => undefined) // offline: the cookie expires by itself
  account.value = { kind: 'out', notice: null }
}

/** Leads to the login page, and from there back to where the user was. */
export const signInExpired = (): void => {
  account.value = { kind: 'out', notice: 'Your sign-in has expired. Sign in again to go on where you were.' }
}

/** What to tell the user about a failed call; an expired sign-in also leads back to the login page. */
export const explain = (error: unknown): string => {
  if (error instanceof HoldfastError && error.code === 'UNAUTHENTICATED') signInExpired()
  if (error instanceof HoldfastError) return error.message
  return error instanceof Error ? `The gateway does not answer (${error.message}).` : String(error)
}
