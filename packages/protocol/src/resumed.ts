/** What stands above a command that was started anew: the screen of where it ran before, and a line that says so. */

/** The screen's text ends by putting the cursor where it was; what follows here belongs below all of it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: sequences begin with ESC
const CURSOR_MOVES = /(?:\x1b\[\d*[ABCD])+$/

/** `screen`: as of the format `ansi`. */
export const resumed = (screen: string): string => {
  const text = screen.trimEnd().replace(CURSOR_MOVES, '').trimEnd()
  const note = `── resumed ${new Date().toISOString()}, the command was started anew ──`
  const lines = [...(text === '' ? [] : text.split(/\r?\n/)), `\x1b[0;2m${note}\x1b[0m`, '']
  return lines.join('\r\n')
}
