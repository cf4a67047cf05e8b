/** Colours of the terminal, dark and light; chosen for a contrast of 4.5:1 or more on their background, except the two dimmest. */
import type { TerminalColors } from '@holdfast/protocol'
import { computed } from '@preact/signals'
import type { ITheme } from '@xterm/xterm'
import { look } from '../look.ts'

/** In the order of their indices. */
const PALETTE = [
  ...(['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const),
  ...(['brightBlack', 'brightRed', 'brightGreen', 'brightYellow'] as const),
  ...(['brightBlue', 'brightMagenta', 'brightCyan', 'brightWhite'] as const),
] as const

type Theme = ITheme & Record<(typeof PALETTE)[number] | 'foreground' | 'background' | 'cursor', string>

const DARK: Theme = {
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

const LIGHT: Theme = {
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

export const colorsOf = (theme: Theme): TerminalColors => ({
  foreground: theme.foreground,
  background: theme.background,
  cursor: theme.cursor,
  palette: PALETTE.map((name) => theme[name]),
})

const dark = matchMedia('(prefers-color-scheme: dark)')

/** Gives the theme now, and whenever the user's choice or the system's preference changes, until `stop`. */
export const followTheme = (use: (theme: Theme) => void, stop: AbortSignal): void => {
  const apply = (): void => {
    const { theme } = look.peek()
    use(theme === 'dark' || (theme === 'system' && dark.matches) ? DARK : LIGHT)
  }
  dark.addEventListener('change', apply, { signal: stop })
  const chosen = computed(() => look.value.theme)
  stop.addEventListener('abort', chosen.subscribe(apply))
}
