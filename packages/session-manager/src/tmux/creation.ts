/** Makes a session of tmux: everything that counts is set before its command runs, and in one go. */
import { createHash } from 'node:crypto'
import { access, constants, stat } from 'node:fs/promises'
import { homedir, userInfo } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { env } from 'node:process'
import {
  type CreateSession,
  canonicalJson,
  createSessionSchema,
  DEFAULT_COLS,
  DEFAULT_ROWS,
  HoldfastError,
  newSessionId,
} from '@holdfast/protocol'
import { Errors } from 'typebox/value'
import { COMMON } from './environment.ts'
import { behindGate } from './gate.ts'
import { needsCluster, TMUX_REGION } from './limits.ts'
import { encode, type Kept, OPTION } from './record.ts'
import { paneOf, quoted } from './tmux.ts'

const SCROLLBACK_LINES = 10_000
/** Where the next session begins. */
const CWD_OPTION = '@holdfast-cwd'

/** tmux keeps what ended, takes no key for itself, changes no name and no size, and lets programs use all of the terminal. `-q`: older ones do not know all. */
const SETTINGS = [
  'set-option -g remain-on-exit on',
  "set-option -gq remain-on-exit-format ''",
  'set-option -s escape-time 0',
  'set-option -g prefix None',
  'set-option -g prefix2 None',
  'set-option -g status off',
  'set-option -g automatic-rename off',
  'set-option -g allow-rename off',
  'set-option -g focus-events on',
  'set-option -g default-terminal tmux-256color',
  'set-option -gq allow-passthrough on',
  "set-option -gq update-environment ''",
]

/** What a session runs that names no command. */
export const userShell = (): string => userInfo().shell ?? '/bin/sh'

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
const isProgram = async (path: string): Promise<boolean> => {
  try {
    await access(path, constants.X_OK)
    return !(await isDirectory(path))
  } catch {
    return false
  }
}

/** As execvp(3) looks for it. */
const isThere = async (command: string, cwd: string, path: string): Promise<boolean> => {
  if (command.includes('/')) return isProgram(resolve(cwd, command))
  for (const directory of path.split(delimiter)) {
    if (await isProgram(join(resolve(cwd, directory), command))) return true
  }
  return false
}

/** Of a template's body there is nothing here: what is not given is this user's. */
const checked = async (body: CreateSession): Promise<Pick<Plan, 'kept' | 'program'>> => {
  const [fault] = Errors(createSessionSchema, body)
  if (fault !== undefined) throw new HoldfastError('BAD_REQUEST', `body${fault.instancePath} ${fault.message}`)
  const why = needsCluster(body)
  if (why !== null) throw new HoldfastError('BAD_REQUEST', `${why}; mode "distributed" can`)
  const cwd = body.cwd ?? homedir()
  if (!(await isDirectory(cwd))) throw new HoldfastError('CWD_NOT_FOUND', `there is no directory "${cwd}"`)
  const { args = [], labels = {}, resume, continues } = body
  const command = body.command ?? userShell()
  const program = [command, ...args]
  const started = continues !== undefined && resume !== undefined ? resume : program
  const [executable = ''] = started
  // biome-ignore lint/style/noProcessEnv: tmux has the environment of the program that starts it
  if (!(await isThere(executable, cwd, body.env?.PATH ?? env.PATH ?? '')))
    throw new HoldfastError('COMMAND_NOT_FOUND', `there is no program "${executable}"`)
  const recipe = resume === undefined ? {} : { resume }
  const kept = { name: body.name ?? '', command, args, cwd, ...recipe, labels, createdAt: new Date().toISOString() }
  const isShell = body.command === undefined && args.length === 0 && started === program
  return { kept, program: isShell ? null : started }
}

/** One argument would go through a shell; the user's own shell is a login shell, as tmux starts it. */
const programWords = async ({ kept, program }: Pick<Plan, 'kept' | 'program'>, screen: string | null) => {
  if (screen !== null) return behindGate(screen, program ?? [kept.command, '-l'])
  if (program === null) return { words: [], file: null }
  return { words: program.length > 1 ? program : ['/usr/bin/env', ...program], file: null }
}

const hashOf = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex')

/** A repetition comes to the same id, which tmux gives once. */
const idOf = (key: string | undefined): string =>
  key === undefined ? newSessionId(TMUX_REGION) : `${TMUX_REGION}-${hashOf(key).slice(0, 20)}`

interface Plan {
  kept: Omit<Kept, 'bodyHash'>
  /** What is started; null: the user's own shell. */
  program: readonly string[] | null
}

export interface Creation {
  id: string
  bodyHash: string
  /** With what is shown first, for the session to remove; null when nothing is. */
  file: string | null
  /** For `source-file`: arguments of any length and content go this way. */
  script: string
}

/** Throws BAD_REQUEST, CWD_NOT_FOUND, COMMAND_NOT_FOUND. */
export const creationOf = async (body: CreateSession, key: string | undefined): Promise<Creation> => {
  const plan = await checked(body)
  const { kept } = plan
  const { cols = DEFAULT_COLS, rows = DEFAULT_ROWS, limits = {} } = body
  const [id, bodyHash] = [idOf(key), hashOf(body)]
  const variables = Object.entries({ ...COMMON, ...body.env })
  // tmux expands formats in the directory, and `#[` cannot be escaped there; what an option holds is not expanded again.
  const place = ['-x', `${cols}`, '-y', `${rows}`, '-c', `#{${CWD_OPTION}}`]
  const environment = variables.flatMap(([name, value]) => ['-e', `${name}=${value}`])
  const { words, file } = await programWords(plan, body.continues?.screen ?? null)
  const program = words.length === 0 ? [] : ['--', ...words]
  const create = ['new-session', '-d', '-s', id, ...place, ...environment, ...program]
  const record = encode({ ...kept, name: kept.name || id, bodyHash })
  const commands = [
    ['set-option', '-g', CWD_OPTION, kept.cwd],
    create,
    ['set-option', '-t', paneOf(id), OPTION, record],
    // Not for all windows before there is one: that ends the server of tmux 3.3.
    ['set-option', '-w', '-t', paneOf(id), 'window-size', 'manual'],
    ['select-pane', '-t', paneOf(id), '-T', ''],
  ].map((words) => words.map(quoted).join(' '))
  const history = `set-option -g history-limit ${limits.scrollbackLines ?? SCROLLBACK_LINES}`
  // In one line: what follows a failure in it is not done, so a session that is there keeps its record.
  return { id, bodyHash, file, script: `${[...SETTINGS, history].join('\n')}\n${commands.join(' ; ')}\n` }
}
