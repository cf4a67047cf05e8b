/** The help, written from the tables of the commands. */
import type { Command, Group, Option } from './command.ts'

const SUMMARIES_AT = 12
const GROUPED_AT = 19
const FLAGS_AT = 26

const EXIT_CODES = `exit codes: 0 done or detached · 1 failed · 2 wrong command line ·
  after \`attach\`, \`new\` and \`run\` the session's own, 128+n when signal n ended it ·
  124 when \`wait\` or \`run --timeout\` ran out of time`

const CONFIGURATION = `everywhere: --context NAME (HOLDFAST_CONTEXT) works with another cluster; --mode simple|distributed|hybrid (HOLDFAST_MODE)
  with tmux on this machine, the cluster, or both. Without a cluster: simple

configuration: HOLDFAST_URL and HOLDFAST_KEY, else the context in use (\`holdfast login\`), else the JSON file {"url", "key"}
  at HOLDFAST_CONFIG or $XDG_DATA_HOME/holdfast/client.json (~/.local/share/…), which \`npm start\` writes`

const KEYS =
  'keys while attached: Ctrl-] then d within a second detaches, then s shows the status; Ctrl-] twice types one Ctrl-]'

export const usageLine = ({ name, usage }: Command): string => `holdfast ${name} ${usage}`.trimEnd()

const flag = (name: string, { short, type, value }: Option): string =>
  `  ${short === undefined ? '' : `-${short}, `}--${name}${type === 'string' ? ` ${value ?? 'VALUE'}` : ''}`

export const commandHelp = (command: Command): string => {
  const { summary, options, examples = [] } = command
  const named = Object.entries(options).map(([name, option]) => [flag(name, option), option.about] as const)
  const at = Math.max(FLAGS_AT, ...named.map(([name]) => name.length))
  const flags = named.map(([name, about]) => `${name.padEnd(at)} ${about}\n`)
  const sections = [
    `usage: ${usageLine(command)}\n`,
    `${summary}\n`,
    ...(flags.length === 0 ? [] : [flags.join('')]),
    ...(examples.length === 0 ? [] : [`examples:\n${examples.map((line) => `  ${line}\n`).join('')}`]),
  ]
  return sections.join('\n')
}

const summaries = (commands: readonly Pick<Command, 'name' | 'summary'>[], at: number): string =>
  commands.map(({ name, summary }) => `  ${name.padEnd(at)}${summary}\n`).join('')

export const groupHelp = ({ name, summary, commands }: Group): string =>
  `usage: holdfast ${name} <what> [flags]

${summary}

${summaries(commands, GROUPED_AT)}
\`holdfast ${name} <what> --help\` shows flags and examples.
`

export const generalHelp = (commands: readonly Pick<Command, 'name' | 'summary'>[]): string =>
  `usage: holdfast <command> [flags]

${summaries(commands, SUMMARIES_AT)}  ${'help'.padEnd(SUMMARIES_AT)}This text, or that of a command: holdfast help new

${KEYS}
${CONFIGURATION}
${EXIT_CODES}
`
