/** Finds the command, runs it, and turns what goes wrong into words and an exit code. */
import { readFileSync } from 'node:fs'
import { HoldfastClient } from '@holdfast/client'
import { type Command, type Context, UsageError } from './command.ts'
import { attachCommand } from './commands/attach.ts'
import { killCommand } from './commands/kill.ts'
import { lsCommand } from './commands/ls.ts'
import { newCommand } from './commands/new.ts'
import { screenCommand } from './commands/screen.ts'
import { findConnection } from './connection.ts'
import { failureText } from './failure.ts'
import { commandHelp, generalHelp, usageLine } from './help.ts'
import type { Io } from './io.ts'

const COMMANDS: readonly Command[] = [newCommand, lsCommand, attachCommand, killCommand, screenCommand]

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

const help = (topic: string | undefined, io: Io): number => {
  const command = COMMANDS.find(({ name }) => name === topic)
  if (topic !== undefined && command === undefined) return unknown(topic, io)
  io.stdout.write(command === undefined ? generalHelp(COMMANDS) : commandHelp(command))
  return 0
}

const unknown = (name: string, io: Io): number => {
  io.stderr.write(`holdfast: there is no command "${name}"\n\n${generalHelp(COMMANDS)}`)
  return 2
}

/** Returns the exit code. `argv` is what stands after `holdfast`. */
export const run = async (argv: readonly string[], io: Io): Promise<number> => {
  const [name, ...rest] = argv
  if (name === undefined) {
    io.stderr.write(generalHelp(COMMANDS))
    return 2
  }
  if (name === 'help' || name === '--help' || name === '-h') return help(rest[0], io)
  if (name === '--version') {
    io.stdout.write(`${version()}\n`)
    return 0
  }
  const command = COMMANDS.find((candidate) => candidate.name === name)
  if (command === undefined) return unknown(name, io)
  const context: Context = { io, client: () => new HoldfastClient(findConnection(io.env)) }
  return runCommand(command, rest, context)
}
