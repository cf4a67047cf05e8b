/** From a claim to what is started: environment, directory, and the check that the command can be run at all. */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import { type Claim, HoldfastError } from '@holdfast/protocol'

/** What the host itself was started with. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>
  cwd: string
}

export interface Launch {
  command: string
  args: readonly string[]
  cwd: string
  env: Record<string, string>
  /** It waits for CONT. */
  held: boolean
}

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin'
/** Ours (what keeps a host small), or true only of the terminal the host itself was started from. */
const NOT_INHERITED =
  /^(HOLDFAST_.*|MALLOC_ARENA_MAX|TMUX|TMUX_PANE|STY|WINDOW|WINDOWID|TERMCAP|COLUMNS|LINES|TERM|COLORTERM)$/

const environment = (inherited: Surroundings['env'], given: Claim['env']): Record<string, string> => {
  const env: Record<string, string> = { PATH: DEFAULT_PATH, LANG: 'C.UTF-8' }
  for (const [name, value] of Object.entries(inherited)) {
    if (value !== undefined && !NOT_INHERITED.test(name)) env[name] = value
  }
  return { ...env, TERM: 'xterm-256color', COLORTERM: 'truecolor', ...given }
}

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The search of execvp(3): a name with a slash is a path from the working directory, another is looked for in PATH. */
const canRun = (command: string, path: string, cwd: string): boolean => {
  if (command.includes('/')) return isExecutable(resolve(cwd, command))
  return path.split(delimiter).some((directory) => isExecutable(resolve(cwd, directory, command)))
}

/** Started again, it is by its recipe. */
const commandLine = ({ again, resume, command, args }: Claim): Pick<Launch, 'command' | 'args'> => {
  const [program, ...rest] = (again && resume) || [command, ...args]
  return { command: program ?? command, args: rest }
}

/** Throws CWD_NOT_FOUND or COMMAND_NOT_FOUND; nothing has been started then. */
export const prepareLaunch = (claim: Claim, surroundings: Surroundings): Launch => {
  const cwd = resolve(surroundings.cwd, claim.cwd ?? '.')
  if (!isDirectory(cwd)) throw new HoldfastError('CWD_NOT_FOUND', `there is no directory "${cwd}"`)
  const env = environment(surroundings.env, claim.env)
  const { command, args } = commandLine(claim)
  if (!canRun(command, env.PATH ?? DEFAULT_PATH, cwd)) {
    const where = command.includes('/') ? `from ${cwd}` : `in PATH ${env.PATH}`
    throw new HoldfastError('COMMAND_NOT_FOUND', `"${command}" is no program that can be run ${where}`)
  }
  return { command, args, cwd, env, held: claim.held ?? false }
}
