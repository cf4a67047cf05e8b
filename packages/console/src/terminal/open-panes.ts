/** The terminals on the page, by session: what keys and the palette act on. */
import { type Signal, signal } from '@preact/signals'
import type { Live } from './live.ts'
import { focused } from './tabs.ts'
import type { Uploads } from './uploads.ts'
import type { ViewState } from './view-state.ts'

export interface OpenPane {
  state: ViewState
  /** null until the terminal's code is here. */
  live: Signal<Live | null>
  uploads: Uploads
}

export const openPanes = signal<ReadonlyMap<string, OpenPane>>(new Map())

/** It is on the page from now on; the result takes it away. */
export const enter = (session: string, pane: OpenPane): (() => void) => {
  openPanes.value = new Map(openPanes.peek()).set(session, pane)
  return () => {
    const rest = new Map(openPanes.peek())
    rest.delete(session)
    openPanes.value = rest
  }
}

export const focusedPane = (): OpenPane | undefined => openPanes.peek().get(focused.peek())
