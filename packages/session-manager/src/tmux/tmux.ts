/** Calls of the tmux program: arguments as an array, one private server, failures as HoldfastError. */
import { execFile, type SpawnOptionsWithoutStdio, spawn } from 'node:child_process'
import { isAbsolute } from 'node:path'
import { HoldfastError } from '@holdfast/protocol'
import { Semaphore } from '@holdfast/runtime/semaphore'
import { isTooOld, OLDEST } from './version.ts'

/** Which server a call is for, without its owner's configuration; `-u`: names are UTF-8 whatever the locale says. */
const serverArgs = (socket: string): string[] => [
  '-u',
  ...(isAbsolute(socket) ? ['-S', socket] : ['-L', socket]),
  '-f',
  '/dev/null',
]

const CALL_MS = 30_000
/** Of one answer: all lines above 500 screens. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024

const missing = (cause: unknown): HoldfastError =>
  new HoldfastError('RUNTIME_UNAVAILABLE', 'tmux is not installed; `apt install tmux`, or `brew install tmux`', {
    cause,
  })

/** Whoever asks for what is gone with its server is told the same as by a server that never had it. */
const NO_SESSION =
  /no server running|can't find|no such session|server exited|lost server|no current|error connecting to .* \((?:No such file or directory|Connection refused)\)/

/** The session, or the server that had it. */
export const isGone = (error: unknown): boolean => error instanceof HoldfastError && error.code === 'SESSION_NOT_FOUND'

const failure = (stderr: string, cause: Error): HoldfastError => {
  if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return missing(cause)
  const said = stderr.trim() || cause.message
  if (NO_SESSION.test(said)) return new HoldfastError('SESSION_NOT_FOUND', `tmux: ${said}`, { cause })
  if (/duplicate session/.test(said)) return new HoldfastError('IDEMPOTENCY_CONFLICT', `tmux: ${said}`, { cause })
  return new HoldfastError('RUNTIME_UNAVAILABLE', `tmux: ${said}`, { cause })
}

/** Processes at once, each of some descriptors: further calls wait for their turn. */
const MAX_CALLS = 16

export class Tmux {
  readonly #calls = new Semaphore(MAX_CALLS, CALL_MS)
  readonly #args: readonly string[]
  #checked: Promise<void> | undefined

  constructor(socket: string) {
    this.#args = serverArgs(socket)
  }

  /** Runs commands of tmux; resolves with what they print. Throws SESSION_NOT_FOUND also when there is no server. */
  async run(args: readonly string[], input: string | Uint8Array = ''): Promise<string> {
    await this.#check()
    return this.#calls.run(() => this.#exec([...this.#args, ...args], input))
  }

  /** A client in control mode, which speaks by its standard input and output (tmux(1), CONTROL MODE). */
  async control(args: readonly string[]) {
    await this.#check()
    const options: SpawnOptionsWithoutStdio = { stdio: 'pipe' }
    return spawn('tmux', [...this.#args, '-C', ...args], options)
  }

  #exec(args: readonly string[], input: string | Uint8Array): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { timeout: CALL_MS, maxBuffer: MAX_ANSWER_BYTES }
      const child = execFile('tmux', [...args], options, (error, stdout, stderr) => {
        // tmux ends well, too, when it could not make its server's socket.
        const failed = error ?? (stderr.startsWith('error creating') ? new Error(stderr) : null)
        if (failed === null) resolve(stdout)
        else reject(failure(stderr, failed))
      })
      child.stdin?.on('error', () => {}) // it ended before it read all; its exit says why
      child.stdin?.end(input)
    })
  }

  #check(): Promise<void> {
    this.#checked ??= this.#exec(['-V'], '').then((version) => {
      if (!isTooOld(version)) return
      throw new HoldfastError('RUNTIME_UNAVAILABLE', `${version.trim()} is too old: ${OLDEST} or newer is needed`)
    })
    this.#checked.catch(() => {
      this.#checked = undefined // it may be installed now
    })
    return this.#checked
  }
}

/** One word of a tmux configuration file, whatever is in it. In quotes tmux drops blanks and comments behind a line's end, unless that is written as an escape. */
export const quoted = (word: string): string => `'${word.replaceAll("'", `'"'"'`).replaceAll('\n', `'"\\n"'`)}'`

/** The pane of a session: exactly this one, not one whose name begins so. */
export const paneOf = (id: string): string => `=${id}:`
