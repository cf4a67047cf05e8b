/** The environment of a session, from what tmux prints of it. */

/** A value may be of several lines, so it is asked for as a shell would have it: in double quotes, with `$`, backquotes, quotes and backslashes escaped. */
const VARIABLE = /^([A-Za-z_]\w*)="((?:[^"\\]|\\[\s\S])*)"; export \1;$/gm

/** What every session is given. */
export const COMMON = { COLORTERM: 'truecolor' } as const

/** `text`: of `show-environment -s`. Without what every session is given. */
export const environmentIn = (text: string): Record<string, string> => {
  const found = Array.from(text.matchAll(VARIABLE), ([, name = '', value = '']): [string, string] => [
    name,
    value.replace(/\\([\s\S])/g, '$1'),
  ])
  const common: Readonly<Record<string, string>> = COMMON
  return Object.fromEntries(found.filter(([name, value]) => common[name] !== value))
}
