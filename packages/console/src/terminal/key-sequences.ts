/** Bytes of the keys that a phone has not. */

/** A typed character with Ctrl; what has no such form stays. Source: ECMA-48 §5.2, C0. */
export const withCtrl = (text: string): string =>
  /^[@-_a-z]$/.test(text) ? String.fromCharCode(text.toUpperCase().charCodeAt(0) & 0x1f) : text === ' ' ? '\0' : text

export interface BarKey {
  title: string
  /** For those who hear it. */
  name?: string
  sequence: string
  /** While the program has switched application cursor keys on. */
  application?: string
}

export const KEY_BAR: readonly BarKey[] = [
  { title: 'Esc', sequence: '\x1b' },
  { title: 'Tab', sequence: '\t' },
  { title: '←', name: 'Left', sequence: '\x1b[D', application: '\x1bOD' },
  { title: '↓', name: 'Down', sequence: '\x1b[B', application: '\x1bOB' },
  { title: '↑', name: 'Up', sequence: '\x1b[A', application: '\x1bOA' },
  { title: '→', name: 'Right', sequence: '\x1b[C', application: '\x1bOC' },
  { title: '^C', name: 'Ctrl C', sequence: '\x03' },
  { title: '|', sequence: '|' },
  { title: '/', sequence: '/' },
  { title: '-', sequence: '-' },
]
