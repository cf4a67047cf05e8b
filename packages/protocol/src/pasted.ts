/** What a paste types: no control character of it reaches the program, least of all the end of the brackets (xterm, bracketed paste mode). */

const BRACKETS = { open: '\x1b[200~', close: '\x1b[201~' } as const

/** C0 without tab, line feed and carriage return; DEL; C1. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g

/** Lines end as the Enter key ends them. */
export const withoutControls = (text: string): string => text.replace(CONTROLS, '').replace(/\r?\n/g, '\r')

export const pasted = (text: string, inBrackets: boolean): string => {
  const clean = withoutControls(text)
  return inBrackets ? BRACKETS.open + clean + BRACKETS.close : clean
}
