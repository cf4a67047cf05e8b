/** The help, written from the tables of the commands. */
import type { Command, Option } from './command.ts'

const SUMMARIES_AT = 10
const FLAGS_AT = 26

const EXIT_CODES = `exit codes: 0 done or detached · 1 failed · 2 wrong command line ·
  after \`attach\` and \`new\` the session's own, 128+n when signal n ended it`

const CONFIGURATION = `configuration: HOLDFAST_URL and HOLDFAST_KEY, else the JSON file {"url", "key"} at HOLDFAST_CONFIG
  or $XDG_DATA_HOME/holdfast/client.json (~/.local/share/…), which \`npm start\` writes`

const KEYS = 'keys while attached: Ctrl-] then d within a second detaches; Ctrl-] twice types one Ctrl-]'

export const usageLine = ({ name, usage }: Command): string => `holdfast ${name} ${usage}`.trimEnd()

const flag = (name: string, { short, type, value }: Option): string =>
  `  ${short === undefined ? '' : `-${short}, `}--${name}${type === 'string' ? ` ${value ?? 'VALUE'}` : ''}`

export const commandHelp = (command: Command): string => {
  const flags = Object.entries(command.options).map(
    ([name, option]) => `${flag(name, option).padEnd(FLAGS_AT)} ${option.about}\n`,
  )
  return `usage: ${usageLine(command)}\n\n${command.summary}\n${flags.length === 0 ? '' : `\n${flags.join('')}`}`
}

export const generalHelp = (commands: readonly Command[]): string => {
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(SUMMARIES_AT)}${summary}\n`)
  return `usage: holdfast <command> [flags]

${lines.join('')}  ${'help'.padEnd(SUMMARIES_AT)}This text, or that of a command: holdfast help new

${KEYS}
${CONFIGURATION}
${EXIT_CODES}
`
}
