/** The output of one command of a session's shell, byte for byte. */
import { QueryFilter } from '@holdfast/client'
import { type Command, HoldfastError, hasEnded, type Session } from '@holdfast/protocol'
import type { SessionApi } from '@holdfast/session-manager'
import { UsageError } from './command.ts'
import type { Io } from './io.ts'

const whyNone = ({ runtime, phase }: Session): string => {
  if (runtime === 'tmux') return 'tmux passes on no marks'
  if (hasEnded(phase)) return 'it has ended, and its host is gone'
  return 'its shell marks none, see docs/shell-integration.md'
}

/** Counted as the session's list of commands has them. Throws NOT_FOUND. */
const chosen = (session: Session, which: string): Command => {
  const { id, commands = [] } = session
  const [oldest, latest] = [commands.at(0), commands.at(-1)]
  if (oldest === undefined || latest === undefined) {
    throw new HoldfastError('NOT_FOUND', `session ${id} has no known command: ${whyNone(session)}`)
  }
  const found = which === 'last' ? latest : commands.find((command) => command.id === Number(which))
  if (found !== undefined) return found
  throw new HoldfastError('NOT_FOUND', `session ${id} has no command ${which}; known are ${oldest.id} to ${latest.id}`)
}

/** Of a command that runs, all until now; of one whose beginning is no longer held, the rest, which is said. */
export const commandOutput = async (api: SessionApi, id: string, which: string, io: Io): Promise<void> => {
  if (which !== 'last' && !/^[1-9]\d{0,8}$/.test(which))
    throw new UsageError(`--command takes "last" or a number from 1 on, not "${which}"`)
  const { start, end } = chosen(await api.getSession(id), which)
  const { from, bytes } = await api.output(id, { from: start, ...(end === null ? {} : { to: end }), partial: true })
  if (from > start)
    io.stderr.write(`holdfast: ${from - start} bytes at its beginning are gone; the session keeps only the latest\n`)
  // A terminal would answer what programs have asked theirs; a file or a pipe gets all there was.
  io.stdout.write(io.stdout.isTTY ? new QueryFilter().push(bytes) : bytes)
}
