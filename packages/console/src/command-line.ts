/** A typed command line as words and back, with the quoting of a POSIX shell and none of its expansion. */

/** Words of `text`; quotes group, a backslash takes the next character as it is. Throws when a quote is left open. */
export const splitCommand = (text: string): string[] => {
  const words: string[] = []
  let word: string | null = null
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    const escapes = char === '\\' && quote !== "'" && (quote === '' || /["\\$`]/.test(text.charAt(at + 1)))
    if (escapes) word = (word ?? '') + text.charAt(++at)
    else if (quote !== '' && char === quote) quote = ''
    else if (quote === '' && (char === '"' || char === "'")) {
      quote = char
      word ??= '' // '' is a word too
    } else if (quote === '' && /\s/.test(char)) {
      if (word !== null) words.push(word)
      word = null
    } else word = (word ?? '') + char
  }
  if (quote !== '') throw new SyntaxError(`The ${quote === '"' ? 'double' : 'single'} quote is not closed.`)
  return word === null ? words : [...words, word]
}

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

export const joinCommand = (words: readonly string[]): string => words.map(quoted).join(' ')
