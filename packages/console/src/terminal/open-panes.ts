/** The terminals on the page, by session: what keys and the palette act on. */
import type { Signal } from '@preact/signals'
import type { Live } from './live.ts'
import { focused } from './tabs.ts'
import type { ViewState } from './view-state.ts'

export interface OpenPane {
  state: ViewState
  /** null until the terminal's code is here. */
  live: Signal<Live | null>
}

export const openPanes = new Map<string, OpenPane>()

export const focusedPane = (): OpenPane | undefined => openPanes.get(focused.peek())
