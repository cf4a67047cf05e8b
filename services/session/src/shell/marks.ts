/** What a shell says about its prompt and its commands: OSC 133 (FinalTerm, kitty, fish) and OSC 633 (VS Code). */

export type Mark =
  /** A prompt is being shown, or is `whole`: what is typed now goes to the shell. */
  | { kind: 'prompt'; whole: boolean }
  /** The command line that runs next. */
  | { kind: 'line'; command: string }
  /** The command's output begins. */
  | { kind: 'start'; command: string | null }
  /** It has ended. */
  | { kind: 'end'; exitCode: number | null }

const MAX_COMMAND_CHARS = 4096

const bounded = (command: string): string => command.slice(0, MAX_COMMAND_CHARS)

const percentDecoded = (text: string): string | null => {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** The inside of `$'…'` (bash(1), QUOTING); octal codes are bytes of UTF-8. */
const ansiQuoted = (text: string): string =>
  text.replace(/(?:\\[0-7]{3})+|\\(.)/gs, (whole: string, letter: string | undefined) => {
    if (letter !== undefined) return ESCAPES[letter] ?? letter
    return Buffer.from(
      whole
        .split('\\')
        .slice(1)
        .map((octal) => Number.parseInt(octal, 8)),
    ).toString()
  })

/** Undoes `printf %q` of bash and zsh. */
const unquoted = (text: string): string =>
  text.replace(
    /\$'((?:[^'\\]|\\.)*)'|'([^']*)'|\\(.)/gs,
    (_whole, ansi: string | undefined, plain: string | undefined, letter: string | undefined) =>
      ansi === undefined ? (plain ?? letter ?? '') : ansiQuoted(ansi),
  )

/** VS Code writes `\\` for a backslash and `\xHH` for what must not stand in a sequence. */
export const unescaped633 = (text: string): string =>
  text.replace(/\\x([0-9a-fA-F]{2})|\\\\/g, (_whole, hex: string | undefined) =>
    hex === undefined ? '\\' : String.fromCharCode(Number.parseInt(hex, 16)),
  )

/** Of `C ; cmdline_url=…` or `C ; cmdline=…`, which may hold semicolons. Source: kitty, "Shell integration", notes for shell developers. */
const commandOf = (data: string): string | null => {
  const [, url] = /^C;(?:.*;)?cmdline_url=([^;]*)/s.exec(data) ?? []
  if (url !== undefined) return percentDecoded(url)
  const [, quoted] = /^C;cmdline=(.*)$/s.exec(data) ?? []
  return quoted === undefined ? null : unquoted(quoted)
}

const exitCodeOf = (field: string | undefined): number | null =>
  field !== undefined && /^-?\d{1,9}$/.test(field) ? Number(field) : null

/** `data` of `OSC 133 ; …` or `OSC 633 ; …`; null for what says nothing about commands. */
export const markOf = (dialect: '133' | '633', data: string): Mark | null => {
  const [letter, ...fields] = data.split(';')
  // A further line of the same prompt is no new prompt.
  if (letter === 'A') return fields.includes('k=s') ? null : { kind: 'prompt', whole: false }
  if (letter === 'B') return { kind: 'prompt', whole: true }
  if (letter === 'D') return { kind: 'end', exitCode: exitCodeOf(fields[0]) }
  if (letter === 'C') {
    const command = dialect === '133' ? commandOf(data) : null
    return { kind: 'start', command: command === null ? null : bounded(command) }
  }
  if (letter !== 'E' || dialect !== '633' || fields[0] === undefined) return null
  return { kind: 'line', command: bounded(unescaped633(fields[0])) }
}
