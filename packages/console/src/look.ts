/** How the console looks on this machine: kept in the browser, for it is nobody's secret. */
import type { Prediction } from '@holdfast/client'
import { effect, signal } from '@preact/signals'

export interface Look {
  theme: 'system' | 'light' | 'dark'
  /** CSS font families of the terminal; empty: the usual ones. */
  font: string
  /** Of the terminal, pixels. */
  fontSize: number
  /** Tell of bells and notices while the page is hidden. */
  notify: boolean
  /** The terminal's text stands beside it for screen readers, which are told what is written. */
  screenReader: boolean
  /** When typed keys are shown before their echo comes. */
  predict: Prediction
}

const KEY = 'holdfast.look'
const USUAL: Look = { theme: 'system', font: '', fontSize: 14, notify: false, screenReader: false, predict: 'auto' }
export const PREDICTIONS = ['auto', 'always', 'never'] as const satisfies readonly Prediction[]
const SMALLEST = 8
const LARGEST = 32

const isOneOf = (value: unknown, among: readonly unknown[]): boolean => among.includes(value)

const read = (): Look => {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Look>
    const { theme, font, fontSize, notify, screenReader, predict } = kept
    return {
      theme: theme !== undefined && isOneOf(theme, ['system', 'light', 'dark']) ? theme : USUAL.theme,
      font: typeof font === 'string' ? font : USUAL.font,
      fontSize: typeof fontSize === 'number' ? Math.min(LARGEST, Math.max(SMALLEST, fontSize)) : USUAL.fontSize,
      notify: notify === true,
      screenReader: screenReader === true,
      predict: predict !== undefined && isOneOf(predict, PREDICTIONS) ? predict : USUAL.predict,
    }
  } catch {
    return USUAL // no storage, or not ours
  }
}

export const look = signal<Look>(read())

export const changeLook = (change: Partial<Look>): void => {
  look.value = { ...look.value, ...change }
  try {
    localStorage.setItem(KEY, JSON.stringify(look.value))
  } catch {
    // Private windows may refuse: it holds until the page is left.
  }
}

/** Terminal text larger or smaller by so many pixels; 0: as usual. */
export const zoom = (by: number): void => {
  const size = by === 0 ? USUAL.fontSize : look.value.fontSize + by
  changeLook({ fontSize: Math.min(LARGEST, Math.max(SMALLEST, size)) })
}

const THEMES = ['system', 'light', 'dark'] as const
export const nextTheme = (): void => {
  changeLook({ theme: THEMES[(THEMES.indexOf(look.value.theme) + 1) % THEMES.length] ?? 'system' })
}

/** Call once. */
export const wearLook = (): void => {
  effect(() => {
    document.documentElement.dataset.theme = look.value.theme
  })
}
