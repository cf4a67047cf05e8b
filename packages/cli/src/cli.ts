/** Finds the command, runs it, and turns what goes wrong into words and an exit code. */
import { readFileSync } from 'node:fs'
import { HoldfastClient } from '@holdfast/client'
import { type Command, type Context, UsageError } from './command.ts'
import { adminGroup } from './commands/admin.ts'
import { attachCommand } from './commands/attach.ts'
import { extendCommand } from './commands/extend.ts'
import { killCommand } from './commands/kill.ts'
import { lsCommand } from './commands/ls.ts'
import { newCommand } from './commands/new.ts'
import { resumeCommand } from './commands/resume.ts'
import { screenCommand } from './commands/screen.ts'
import { suspendCommand } from './commands/suspend.ts'
import { topCommand } from './commands/top.ts'
import { usageCommand } from './commands/usage.ts'
import { findConnection } from './connection.ts'
import { failureText } from './failure.ts'
import { commandHelp, generalHelp, groupHelp, usageLine } from './help.ts'
import type { Io } from './io.ts'

const COMMANDS: readonly Command[] = [
  newCommand,
  lsCommand,
  attachCommand,
  extendCommand,
  suspendCommand,
  resumeCommand,
  killCommand,
  screenCommand,
  topCommand,
  usageCommand,
]
const NAMED: readonly Command[] = [...COMMANDS, ...adminGroup.commands]

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

/** A group's commands have names of two words. */
const wordsOf = (argv: readonly string[]): number => (argv[0] === adminGroup.name ? 2 : 1)

const find = (argv: readonly string[]): Command | undefined => {
  const words = argv.slice(0, wordsOf(argv)).join(' ')
  return NAMED.find(({ name }) => name === words)
}

/** The help that lists the commands among which this one would be. */
const listOf = (argv: readonly string[]): string =>
  argv[0] === adminGroup.name ? groupHelp(adminGroup) : generalHelp([...COMMANDS, adminGroup])

const isList = (argv: readonly string[]): boolean =>
  argv.length === 0 || (argv.length === 1 && argv[0] === adminGroup.name)

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

/** Returns the exit code. `argv` is what stands after `holdfast`. */
export const run = async (argv: readonly string[], io: Io): Promise<number> => {
  if (isList(argv)) {
    io.stderr.write(listOf(argv))
    return 2
  }
  const [name, second] = argv
  if (name === 'help' || name === '--help' || name === '-h') return help(argv.slice(1), io)
  if (name === adminGroup.name && (second === '--help' || second === '-h')) return help([name], io)
  if (name === '--version') {
    io.stdout.write(`${version()}\n`)
    return 0
  }
  const command = find(argv)
  if (command === undefined) return unknown(argv, io)
  const context: Context = { io, client: () => new HoldfastClient(findConnection(io.env)) }
  return runCommand(command, argv.slice(wordsOf(argv)), context)
}
