/** Colours of the terminal, dark and light; chosen for a contrast of 4.5:1 or more on their background, except the two dimmest. */
import type { ITheme } from '@xterm/xterm'

const DARK: ITheme = {
  background: '#111416',
  foreground: '#dfe3e6',
  cursor: '#2dd4bf',
  cursorAccent: '#111416',
  selectionBackground: '#2f5a58',
  black: '#3a4146',
  red: '#f2777a',
  green: '#7fc97f',
  yellow: '#e5c07b',
  blue: '#79b8ff',
  magenta: '#d2a8ff',
  cyan: '#56d4dd',
  white: '#c9d1d6',
  brightBlack: '#7d878e',
  brightRed: '#ff9b9e',
  brightGreen: '#a3e0a3',
  brightYellow: '#f5d99a',
  brightBlue: '#a5d0ff',
  brightMagenta: '#e2c5ff',
  brightCyan: '#8be9ef',
  brightWhite: '#ffffff',
}

const LIGHT: ITheme = {
  background: '#ffffff',
  foreground: '#1f2529',
  cursor: '#0f766e',
  cursorAccent: '#ffffff',
  selectionBackground: '#bfe3de',
  black: '#1f2529',
  red: '#b3261e',
  green: '#1a6e2e',
  yellow: '#7a5600',
  blue: '#0b57b0',
  magenta: '#8430a8',
  cyan: '#0b6a75',
  white: '#6a737a',
  brightBlack: '#5a636a',
  brightRed: '#c9372c',
  brightGreen: '#1f7a36',
  brightYellow: '#855f00',
  brightBlue: '#1766c5',
  brightMagenta: '#9440ba',
  brightCyan: '#0e7481',
  brightWhite: '#8a949b',
}

const dark = matchMedia('(prefers-color-scheme: dark)')

/** Gives the theme now and whenever the system's preference changes, until `stop`. */
export const followTheme = (use: (theme: ITheme) => void, stop: AbortSignal): void => {
  const apply = (): void => use(dark.matches ? DARK : LIGHT)
  dark.addEventListener('change', apply, { signal: stop })
  apply()
}
