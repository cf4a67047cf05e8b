/** What a command is: its words for the help, its flags as a table, and the work. */
import { parseArgs } from 'node:util'
import type { HoldfastClient } from '@holdfast/client'
import type { SessionApi } from '@holdfast/session-manager'
import type { Mode } from './contexts.ts'
import type { Io } from './io.ts'

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly about: string
  readonly short?: string
  readonly multiple?: boolean
  /** Name of the value in the help. */
  readonly value?: string
}
export type Options = Readonly<Record<string, Option>>
export type Values<O extends Options> = {
  readonly [K in keyof O]?: O[K]['type'] extends 'boolean' ? boolean : O[K]['multiple'] extends true ? string[] : string
}

export interface Context {
  readonly io: Io
  /** The cluster that is configured; throws when none is. */
  client(): HoldfastClient
  /** The sessions where this call works: tmux on this machine, the cluster, or both. */
  sessions(): SessionApi
  /** URL of its gateway; throws when none is configured. */
  gateway(): string
  /** Is that, or a part of it, tmux on this machine? */
  mode(): Mode
}

export interface Command {
  /** One word, or a group's and its own: `admin nodes`. */
  readonly name: string
  readonly summary: string
  /** What stands after `holdfast <name>`. */
  readonly usage: string
  readonly options: Options
  /** Whole command lines for the help. */
  readonly examples?: readonly string[]
  /** Returns the exit code. */
  run(argv: readonly string[], context: Context): Promise<number>
}

/** Commands that share the first word of their names. */
export interface Group {
  readonly name: string
  readonly summary: string
  readonly commands: readonly Command[]
}

/** The command line is wrong: the usage is shown, exit code 2. */
export class UsageError extends Error {}

const parse = (options: Options, argv: readonly string[]) => {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
  } catch (error) {
    const [message = ''] = String(error instanceof Error ? error.message : error).split('. To specify')
    throw new UsageError(message)
  }
}

/** Gives the work of a command its flags, typed by their table. */
export const command = <const O extends Options>(
  about: Omit<Command, 'options' | 'run'> & { options: O },
  work: (values: Values<O>, positionals: readonly string[], context: Context) => Promise<number>,
): Command => ({
  ...about,
  run: async (argv, context) => {
    const { values, positionals } = parse(about.options, argv)
    return work(values as Values<O>, positionals, context)
  },
})

export const wholeNumber = (flag: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${flag} takes a whole number, not "${text}"`)
  return Number(text)
}

/** `a=1` twice or more → {a: '1', …}; the value may hold further `=`. */
export const pairs = (flag: string, items: readonly string[] | undefined): Record<string, string> | undefined => {
  if (items === undefined) return undefined
  const entries = items.map((item): [string, string] => {
    const at = item.indexOf('=')
    if (at < 1) throw new UsageError(`${flag} takes NAME=VALUE, not "${item}"`)
    return [item.slice(0, at), item.slice(at + 1)]
  })
  return Object.fromEntries(entries)
}

export const oneOf = <T extends string>(flag: string, choices: readonly T[], text: string): T => {
  const found = choices.find((choice) => choice === text)
  if (found === undefined) throw new UsageError(`${flag} takes one of ${choices.join(', ')}; not "${text}"`)
  return found
}

export const ONE_SESSION = 'name one session, by id or name'

/** The session a command works on, and what follows its name. */
export const targetFirst = ([target, ...words]: readonly string[]): [target: string, words: string[]] => {
  if (target === undefined) throw new UsageError(ONE_SESSION)
  return [target, words]
}

/** The session a command works on, when nothing may follow its name. */
export const oneTarget = (positionals: readonly string[]): string => {
  const [target, words] = targetFirst(positionals)
  if (words.length > 0) throw new UsageError(ONE_SESSION)
  return target
}

/** The node a command works on. */
export const oneNode = (positionals: readonly string[]): string => {
  const [node] = positionals
  if (node === undefined || positionals.length > 1)
    throw new UsageError('name one node; `holdfast admin nodes` lists them')
  return node
}
