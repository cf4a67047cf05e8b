/** Which page the address shows. Routes live in the fragment, so any static file server can serve the console under any path. */
import { signal } from '@preact/signals'
import { type Layout, parseLayout } from './terminal/layout.ts'

export type Route =
  | { page: 'sessions' }
  | { page: 'new'; fields: URLSearchParams }
  | { page: 'wall' }
  | { page: 'operate' }
  | { page: 'terminal'; layout: Layout }
  | { page: 'shared'; session: string; ticket: string }
  | { page: 'unknown'; path: string }

export const parseRoute = (hash: string): Route => {
  const path = hash.replace(/^#/, '') || '/'
  if (path === '/') return { page: 'sessions' }
  if (/^\/new(\?|$)/.test(path)) return { page: 'new', fields: new URLSearchParams(path.slice(5)) }
  if (path === '/wall') return { page: 'wall' }
  if (path === '/operate') return { page: 'operate' }
  const [, session, ticket] = /^\/w\/([a-z0-9-]+)\/([\w-]+)$/.exec(path) ?? []
  if (session && ticket) return { page: 'shared', session, ticket }
  const layout = path.startsWith('/s/') ? parseLayout(path.slice(3)) : null
  return layout ? { page: 'terminal', layout } : { page: 'unknown', path }
}

export const SESSIONS = '#/'
export const NEW_SESSION = '#/new'
/** With what the form is filled in from the start. */
export const newSessionHref = (fields: URLSearchParams): string => `${NEW_SESSION}?${fields}`
export const WALL = '#/wall'
export const OPERATE = '#/operate'
/** Of one session, or of a layout of several. */
export const terminalHref = (layout: string): string => `#/s/${layout}`

/** The ticket stands behind the `#`, which browsers send to nobody. */
export const sharedHref = (session: string, ticket: string): string => `#/w/${session}/${ticket}`

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
