/** `holdfast run`: a command in a session of its own, as if it ran here: its output, its exit code. */
import { constants } from 'node:os'
import { HoldfastError, MAX_SCROLLBACK_LINES, type Session } from '@holdfast/protocol'
import { type SessionApi, wait } from '@holdfast/session-manager'
import { command, UsageError, wholeNumber } from '../command.ts'
import { bodyOf, CREATE_OPTIONS, started } from '../creation.ts'
import { detachKeysOf } from '../detach-keys.ts'
import { exitCodeOf } from '../exit-code.ts'
import { type Io, type Leaving, onLeaving } from '../io.ts'
import { type LiveOptions, liveSession, type Outcome } from '../live-session.ts'

/** As timeout(1) tells it. */
const TIMED_OUT = 124
/** Kept for who attaches: a fast command has written much by then. Bytes. */
const REPLAY_BYTES = 8 * 1024 * 1024

/** tmux paints screens, which are no output for a pipe: the whole text, once it is complete. */
const printAtEnd = async (api: SessionApi, id: string, { stdout }: Io): Promise<Outcome> => {
  const { exitCode = null, signal = null } = await wait(api, id, { until: 'exit', timeoutMs: Number.POSITIVE_INFINITY })
  stdout.write(await api.screen(id, 'text', MAX_SCROLLBACK_LINES))
  return { exitCode: exitCodeOf(exitCode, signal), ended: true }
}

/** Who leaves while it starts wants no session: that is known once it is there. */
const untilLeft = async (making: Promise<Session>, io: Io): Promise<[Session, Leaving | null]> => {
  let leftBy: Leaving | null = null
  const unheard = onLeaving(io, (signal) => {
    leftBy = signal
  })
  try {
    return [await making, leftBy]
  } finally {
    unheard()
  }
}

const isGone = (error: unknown): boolean => error instanceof HoldfastError && error.code === 'SESSION_NOT_FOUND'

export const runCommand = command(
  {
    name: 'run',
    summary: 'Run a command in a new session and exit with its code; Ctrl-C goes to the command.',
    usage: '[--rm] [--timeout SECONDS] [flags] -- command args…',
    options: {
      rm: { type: 'boolean', about: 'forget the session when the command has ended' },
      timeout: { type: 'string', value: 'SECONDS', about: 'end it after this long, and exit with 124' },
      ...CREATE_OPTIONS,
    },
    examples: ['holdfast run --rm -- make test', 'holdfast run --timeout 60 --env CI=1 -- npm test | tee log'],
  },
  async (values, words, context) => {
    const { io } = context
    if (words.length === 0) throw new UsageError('name a command, after --')
    const seconds = wholeNumber('--timeout', values.timeout)
    const api = context.sessions()
    const limits = context.mode() === 'distributed' ? { limits: { replayBytes: REPLAY_BYTES } } : {}
    const [session, leftBy] = await untilLeft(started(api, { ...bodyOf(values, words, io.stdout), ...limits }, io), io)
    if (leftBy !== null) {
      await api.deleteSession(session.id)
      return exitCodeOf(null, leftBy.slice(3))
    }
    let timedOut = false
    const end = (): void => {
      timedOut = true
      void api.deleteSession(session.id).catch(() => {})
    }
    const timer = seconds === undefined ? undefined : setTimeout(end, seconds * 1000)
    const keys = detachKeysOf(io.env)
    const options: LiveOptions = { mode: 'rw', keys, own: true }
    const inTmux = session.runtime === 'tmux' && !io.stdout.isTTY
    try {
      const watching = inTmux ? printAtEnd(api, session.id, io) : liveSession(api, session.id, options, io)
      const { exitCode, ended } = await watching
      if (values.rm && ended && !timedOut) await api.deleteSession(session.id)
      return timedOut ? TIMED_OUT : exitCode
    } catch (error) {
      if (timedOut) return TIMED_OUT
      if (isGone(error)) return 128 + constants.signals.SIGKILL
      throw error
    } finally {
      clearTimeout(timer)
      if (timedOut) io.stderr.write(`holdfast: not done after ${seconds} s: ended\n`)
    }
  },
)
