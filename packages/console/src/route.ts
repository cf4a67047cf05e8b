/** Which page the address shows. Routes live in the fragment, so any static file server can serve the console under any path. */
import { signal } from '@preact/signals'

export type Route =
  | { page: 'sessions' }
  | { page: 'new' }
  | { page: 'terminal'; session: string }
  | { page: 'unknown'; path: string }

export const parseRoute = (hash: string): Route => {
  const path = hash.replace(/^#/, '') || '/'
  if (path === '/') return { page: 'sessions' }
  if (path === '/new') return { page: 'new' }
  const session = /^\/s\/([a-z0-9-]+)$/.exec(path)?.[1]
  return session ? { page: 'terminal', session } : { page: 'unknown', path }
}

export const SESSIONS = '#/'
export const NEW_SESSION = '#/new'
export const terminalHref = (session: string): string => `#/s/${session}`

export const route = signal<Route>({ page: 'sessions' })

/** Call once, in the browser. */
export const followAddress = (): void => {
  const read = (): void => {
    route.value = parseRoute(location.hash)
  }
  addEventListener('hashchange', read)
  read()
}

export const go = (href: string): void => {
  location.hash = href
}
