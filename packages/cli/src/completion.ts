/** Completion scripts, written from the tables of the commands. Names of sessions are asked for when they are completed. */
import type { Command } from './command.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

const NAMES = 'holdfast completion names 2>/dev/null'

const words = (commands: readonly Command[]): string[] => [
  ...new Set(commands.map(({ name }) => name.split(' ')[0] ?? name)),
]
const flags = ({ options }: Command): string[] => ['--help', ...Object.keys(options).map((name) => `--${name}`)]
const seconds = (commands: readonly Command[], group: string): string[] =>
  commands.flatMap(({ name }) => (name.startsWith(`${group} `) ? [name.slice(group.length + 1)] : []))
const groups = (commands: readonly Command[]): string[] => [
  ...new Set(commands.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ')[0] ?? ''] : []))),
]
/** Those that take a session: their usage says so. */
const takesSession = ({ usage }: Command): boolean => /<(?:session|id\|name)|\[<id\|name/.test(usage)

const bashCase = (commands: readonly Command[]): string =>
  commands
    .map((known) => {
      const names = takesSession(known) ? `$(${NAMES})` : ''
      return `    "${known.name}") choices="${flags(known).join(' ')}"; names="${names}" ;;`
    })
    .join('\n')

/** Names may hold blanks: they are lines. */
const bash = (commands: readonly Command[]): string => `# bash completion of holdfast
_holdfast() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" cmd="\${COMP_WORDS[1]}" choices="" names="" IFS=$'\\n'
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    IFS=' ' COMPREPLY=($(IFS=' '; compgen -W "${words(commands).join(' ')} help" -- "$cur"))
    return
  fi
  case "$cmd" in
${groups(commands)
  .map(
    (group) =>
      `    ${group}) if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(IFS=' '; compgen -W "${seconds(commands, group).join(' ')}" -- "$cur")); return; fi
      cmd="${group} \${COMP_WORDS[2]}" ;;`,
  )
  .join('\n')}
  esac
  case "$cmd" in
${bashCase(commands)}
  esac
  if [ "\${cur#-}" != "$cur" ]; then
    COMPREPLY=($(IFS=' '; compgen -W "$choices" -- "$cur"))
  elif [ -n "$names" ]; then
    local name
    for name in $names; do
      case "$name" in "$cur"*) COMPREPLY+=("$(printf %q "$name")") ;; esac
    done
  fi
}
complete -F _holdfast holdfast
`

/** zsh reads completions of bash. */
const zsh = (commands: readonly Command[]): string => `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const fishLines = (known: Command): string[] => {
  const [first = '', second] = known.name.split(' ')
  const when =
    second === undefined
      ? `__fish_seen_subcommand_from ${first}`
      : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`
  const of = `complete -c holdfast -n ${quoted(when)}`
  return [
    ...Object.entries(known.options).map(
      ([name, { about, short, type }]) =>
        `${of} -l ${name}${short === undefined ? '' : ` -s ${short}`}${type === 'string' ? ' -r' : ''} -d ${quoted(about)}`,
    ),
    ...(takesSession(known) ? [`${of} -a '(${NAMES})'`] : []),
  ]
}

const fish = (commands: readonly Command[]): string => {
  const tops = commands.filter(({ name }) => !name.includes(' '))
  const lines = [
    '# fish completion of holdfast',
    'complete -c holdfast -f',
    ...tops.map(
      ({ name, summary }) => `complete -c holdfast -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ),
    ...groups(commands).flatMap((group) => [
      `complete -c holdfast -n __fish_use_subcommand -a ${group}`,
      `complete -c holdfast -n '__fish_seen_subcommand_from ${group}' -a '${seconds(commands, group).join(' ')}'`,
    ]),
    ...commands.flatMap(fishLines),
  ]
  return `${lines.join('\n')}\n`
}

const SCRIPTS: Readonly<Record<Shell, (commands: readonly Command[]) => string>> = { bash, zsh, fish }

export const scriptFor = (shell: Shell, commands: readonly Command[]): string => SCRIPTS[shell](commands)
