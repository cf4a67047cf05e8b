/** Names of keys, as tmux has them, and the bytes that a terminal sends for them (xterm's ctlseqs, PC-style function keys). */
import { HoldfastError } from './errors.ts'

const ESC = '\x1b'

/** The same with every modifier but Meta, which puts an Escape before. */
const PLAIN: Readonly<Record<string, string>> = {
  Enter: '\r',
  Escape: ESC,
  Tab: '\t',
  BTab: `${ESC}[Z`,
  Space: ' ',
  BSpace: '\x7f',
}

/** `CSI A`, with application cursor keys `SS3 A`, with modifiers `CSI 1 ; m A`. */
const CURSOR: Readonly<Record<string, string>> = { Up: 'A', Down: 'B', Right: 'C', Left: 'D', Home: 'H', End: 'F' }
/** `SS3 P`, with modifiers `CSI 1 ; m P`. */
const KEYPAD: Readonly<Record<string, string>> = { F1: 'P', F2: 'Q', F3: 'R', F4: 'S' }
/** `CSI n ~`, with modifiers `CSI n ; m ~`. */
const TILDE: Readonly<Record<string, number>> = {
  ...{ IC: 2, Insert: 2, DC: 3, Delete: 3, PPage: 5, PageUp: 5, PgUp: 5, NPage: 6, PageDown: 6, PgDn: 6 },
  ...{ F5: 15, F6: 17, F7: 18, F8: 19, F9: 20, F10: 21, F11: 23, F12: 24 },
}
const NAMES = [PLAIN, CURSOR, KEYPAD, TILDE].flatMap((table) => Object.keys(table))

const MODIFIERS = { S: 1, M: 2, C: 4 } as const
type Modifier = keyof typeof MODIFIERS

/** Ctrl with what is no letter: `@ [ \ ] ^ _ ?` and their neighbours on the keyboard, as VT220 has them. */
const CONTROLS: Readonly<Record<string, string>> = {
  ...{ '@': '\0', ' ': '\0', '2': '\0', '[': ESC, '3': ESC, '\\': '\x1c', '4': '\x1c', ']': '\x1d', '5': '\x1d' },
  ...{ '^': '\x1e', '6': '\x1e', _: '\x1f', '7': '\x1f', '/': '\x1f', '?': '\x7f', '8': '\x7f' },
}

const control = (character: string): string | undefined =>
  /^[a-z]$/i.test(character) ? String.fromCharCode(character.toUpperCase().charCodeAt(0) - 0x40) : CONTROLS[character]

const withMeta = (meta: boolean, bytes: string): string => (meta ? ESC + bytes : bytes)

/** Ctrl and Shift are part of these codes. */
const functionKey = (base: string, modifiers: number, applicationCursor: boolean): string | undefined => {
  const [cursor, keypad, tilde] = [CURSOR[base], KEYPAD[base], TILDE[base]]
  const parameter = modifiers === 0 ? '' : `;${modifiers + 1}`
  if (tilde !== undefined) return `${ESC}[${tilde}${parameter}~`
  const letter = cursor ?? keypad
  if (letter === undefined) return undefined
  if (modifiers > 0) return `${ESC}[1${parameter}${letter}`
  return keypad !== undefined || applicationCursor ? `${ESC}O${letter}` : `${ESC}[${letter}`
}

const plainKey = (base: string, modifiers: ReadonlySet<Modifier>): string | undefined => {
  const meta = modifiers.has('M')
  const [shift, ctrl] = [modifiers.has('S'), modifiers.has('C')]
  const character = base === 'Space' ? ' ' : base
  const named = PLAIN[base]
  if (shift) return base === 'Tab' && !ctrl ? withMeta(meta, `${ESC}[Z`) : undefined
  if (ctrl) {
    const code = [...character].length === 1 ? control(character) : undefined
    return code === undefined ? undefined : withMeta(meta, code)
  }
  if (named !== undefined) return withMeta(meta, named)
  return [...base].length === 1 ? withMeta(meta, base) : undefined
}

/** `C-M-x` → [`x`, {C, M}]; `^x` is `C-x`. A lone `-` or `^` is that key. */
const parsed = (name: string): [base: string, modifiers: Set<Modifier>] => {
  const modifiers = new Set<Modifier>()
  let rest = name
  for (;;) {
    const [found, modifier] = /^([CMS])-(?=.)/su.exec(rest) ?? []
    if (found === undefined) break
    modifiers.add(modifier as Modifier)
    rest = rest.slice(found.length)
  }
  if (/^\^.$/su.test(rest)) {
    modifiers.add('C')
    rest = rest.slice(1)
  }
  return [NAMES.find((known) => known.toLowerCase() === rest.toLowerCase()) ?? rest, modifiers]
}

const unknown = (name: string): HoldfastError => {
  const names = 'Enter, Escape, Tab, Space, BSpace, Up, Home, PageUp, Insert, Delete, F1, C-x, M-x, S-Up, one character'
  return new HoldfastError('BAD_REQUEST', `no terminal sends a key "${name}"; keys are ${names} and the like`)
}

/**
 * The bytes of keys that are pressed one after the other: names as in tmux (`C-c`, `M-x`, `Enter`, `S-Up`, `F5`; upper or
 * lower case), or single characters. `applicationCursor`: the program asked for application cursor keys (DECCKM).
 * Throws BAD_REQUEST for a name that no key has.
 */
export const keyBytes = (names: readonly string[], applicationCursor: boolean): string =>
  names
    .map((name) => {
      const [base, modifiers] = parsed(name)
      const sum = [...modifiers].reduce((all, modifier) => all + MODIFIERS[modifier], 0)
      const bytes = functionKey(base, sum, applicationCursor) ?? plainKey(base, modifiers)
      if (bytes === undefined) throw unknown(name)
      return bytes
    })
    .join('')
