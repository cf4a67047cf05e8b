/** Finds the command, runs it, and turns what goes wrong into words and an exit code. */
import { readFileSync } from 'node:fs'
import { type Command, type Context, type Group, UsageError } from './command.ts'
import { COMMANDS, GROUPS, NAMED } from './commands.ts'
import { failureText } from './failure.ts'
import { takeFlags } from './flags.ts'
import { commandHelp, generalHelp, groupHelp, usageLine } from './help.ts'
import type { Io } from './io.ts'
import { clusterOf, gatewayOf, placeOf, sessionsAt } from './place.ts'

const version = (): string => {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** What follows `--` belongs to the session's command. */
const asksForHelp = (argv: readonly string[]): boolean => {
  const end = argv.indexOf('--')
  return argv.slice(0, end < 0 ? argv.length : end).some((word) => word === '--help' || word === '-h')
}

const runCommand = async (command: Command, argv: readonly string[], context: Context): Promise<number> => {
  const { stdout, stderr } = context.io
  if (asksForHelp(argv)) {
    stdout.write(commandHelp(command))
    return 0
  }
  try {
    return await command.run(argv, context)
  } catch (error) {
    stderr.write(failureText(error))
    if (!(error instanceof UsageError)) return 1
    stderr.write(`usage: ${usageLine(command)}\n`)
    return 2
  }
}

const groupOf = (argv: readonly string[]): Group | undefined => GROUPS.find(({ name }) => name === argv[0])

/** A group's commands have names of two words. */
const wordsOf = (argv: readonly string[]): number => (groupOf(argv) === undefined ? 1 : 2)

const find = (argv: readonly string[]): Command | undefined => {
  const words = argv.slice(0, wordsOf(argv)).join(' ')
  return NAMED.find(({ name }) => name === words)
}

/** The help that lists the commands among which this one would be. */
const listOf = (argv: readonly string[]): string => {
  const group = groupOf(argv)
  return group === undefined ? generalHelp([...COMMANDS, ...GROUPS]) : groupHelp(group)
}

const isList = (argv: readonly string[]): boolean =>
  argv.length === 0 || (argv.length === 1 && groupOf(argv) !== undefined)

const help = (topic: readonly string[], io: Io): number => {
  const command = find(topic)
  if (command === undefined && !isList(topic)) return unknown(topic, io)
  io.stdout.write(command === undefined ? listOf(topic) : commandHelp(command))
  return 0
}

const unknown = (argv: readonly string[], io: Io): number => {
  io.stderr.write(`holdfast: there is no command "${argv.slice(0, wordsOf(argv)).join(' ')}"\n\n${listOf(argv)}`)
  return 2
}

/** Returns the exit code. `words` is what stands after `holdfast`. */
export const run = async (words: readonly string[], io: Io): Promise<number> => {
  const { flags, argv } = takeFlags(words)
  if (isList(argv)) {
    io.stderr.write(listOf(argv))
    return 2
  }
  const [name, second] = argv
  if (name === 'help' || name === '--help' || name === '-h') return help(argv.slice(1), io)
  if (groupOf(argv) !== undefined && (second === '--help' || second === '-h')) return help([name ?? ''], io)
  if (name === '--version') {
    io.stdout.write(`${version()}\n`)
    return 0
  }
  const command = find(argv)
  if (command === undefined) return unknown(argv, io)
  const place = () => placeOf(io.env, flags)
  const context: Context = {
    io,
    client: () => clusterOf(place()),
    sessions: () => sessionsAt(place(), io),
    gateway: () => gatewayOf(place()),
    mode: () => place().mode,
  }
  return runCommand(command, argv.slice(wordsOf(argv)), context)
}
