/** The tabs of this browser window: layouts, of which the address shows one. Kept over a reload. */
import { effect, signal } from '@preact/signals'
import { go, SESSIONS, terminalHref } from '../route.ts'
import { type Layout, layoutText, parseLayout, sessionsOf, split, type Weights, without } from './layout.ts'

const KEY = 'holdfast.tabs'

const read = (): Layout[] => {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]')
    return Array.isArray(kept) ? kept.map((text) => parseLayout(String(text))).filter((layout) => layout !== null) : []
  } catch {
    return []
  }
}

export const tabs = signal<readonly Layout[]>(read())
export const weights = signal<Weights>({})
/** Id of the session that has the keyboard. */
export const focused = signal('')

effect(() => {
  try {
    if (tabs.value.length === 0) sessionStorage.removeItem(KEY)
    else sessionStorage.setItem(KEY, JSON.stringify(tabs.value.map(layoutText)))
  } catch {
    // No storage: they are lost by a reload.
  }
})

const shares = (a: Layout, b: Layout): boolean => sessionsOf(a).some((id) => sessionsOf(b).includes(id))

export const tabAt = (id: string): number => tabs.peek().findIndex((layout) => sessionsOf(layout).includes(id))

/** The address asks for this layout: a tab that has one of its sessions takes it over, and is shown. */
export const showLayout = (layout: Layout): void => {
  const before = tabs.peek()
  const at = before.findIndex((tab) => shares(tab, layout))
  const wider = at >= 0 && layout.flat().length === 1 ? before[at] : undefined
  if (wider && sessionsOf(wider).length > 1) {
    focused.value = sessionsOf(layout)[0] ?? ''
    history.replaceState(null, '', terminalHref(layoutText(wider)))
    dispatchEvent(new HashChangeEvent('hashchange'))
    return
  }
  const rest = before.filter((tab, index) => index === at || !shares(tab, layout))
  tabs.value = at < 0 ? [...rest, layout] : rest.map((tab) => (tab === before[at] ? layout : tab))
  if (!sessionsOf(layout).includes(focused.peek())) focused.value = sessionsOf(layout)[0] ?? ''
}

const showTab = (layout: Layout | undefined): void => go(layout ? terminalHref(layoutText(layout)) : SESSIONS)

/** `direction` of the focused session. */
export const splitFocused = (added: string, direction: 'right' | 'below'): void => {
  const at = tabAt(focused.peek())
  const tab = tabs.peek()[at]
  if (tab === undefined) return
  const next = split(without(tab, added), focused.peek(), added, direction)
  tabs.value = tabs
    .peek()
    .map((other, index) => (index === at ? next : without(other, added)))
    .filter((other) => other.length > 0)
  focused.value = added
  showTab(next)
}

/** Leaves a session: it goes on. */
export const closeSession = (id: string): void => {
  const at = tabAt(id)
  const tab = tabs.peek()[at]
  if (tab === undefined) return
  const rest = without(tab, id)
  tabs.value = rest.length > 0 ? tabs.peek().with(at, rest) : tabs.peek().toSpliced(at, 1)
  showTab(rest.length > 0 ? rest : (tabs.peek()[at] ?? tabs.peek()[at - 1]))
}

export const closeTab = (at: number): void => {
  tabs.value = tabs.peek().toSpliced(at, 1)
  showTab(tabs.peek()[at] ?? tabs.peek()[at - 1])
}

/** To another place in the row of tabs. */
export const moveTab = (from: number, to: number): void => {
  const tab = tabs.peek()[from]
  if (tab) tabs.value = tabs.peek().toSpliced(from, 1).toSpliced(to, 0, tab)
}

export const stepTab = (by: number): void => {
  const all = tabs.peek()
  const at = tabAt(focused.peek())
  const next = all[(at + by + all.length) % all.length]
  if (next === undefined) return
  focused.value = sessionsOf(next)[0] ?? ''
  showTab(next)
}

export const stepFocus = (by: number): void => {
  const all = sessionsOf(tabs.peek()[tabAt(focused.peek())] ?? [])
  focused.value = all[(all.indexOf(focused.peek()) + by + all.length) % all.length] ?? focused.peek()
}
