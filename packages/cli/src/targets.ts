/** From what the user typed to a session: its id, its name (a live one first), or the beginning of either where only one begins so. */
import { allSessions } from '@holdfast/client'
import { HoldfastError, hasEnded, SESSION_ID, type Session } from '@holdfast/protocol'
import type { SessionApi } from '@holdfast/session-manager'
import type { Context } from './command.ts'
import { failureText } from './failure.ts'

type Sessions = Pick<SessionApi, 'getSession' | 'listSessions'>

const only = (target: string, how: string, found: readonly Session[]): string | null => {
  const [first, ...more] = found
  if (first === undefined) return null
  if (more.length === 0) return first.id
  const ids = found.map(({ id, name, createdAt }) => `\n  ${id}  ${name}  made ${createdAt}`)
  throw new HoldfastError('BAD_REQUEST', `${found.length} sessions ${how} "${target}"; use an id:${ids.join('')}`)
}

const idNamed = async (api: Sessions, target: string, exact: boolean): Promise<string> => {
  const all = await allSessions(api)
  const [named, live] = [all.filter(({ name }) => name === target), all.filter(({ phase }) => !hasEnded(phase))]
  const begun = exact ? [] : live.filter(({ id, name }) => id.startsWith(target) || name.startsWith(target))
  const found =
    only(
      target,
      'are named',
      named.filter(({ phase }) => !hasEnded(phase)),
    ) ??
    only(target, 'that have ended are named', named) ??
    only(target, 'begin with', begun)
  if (found === null) throw new HoldfastError('SESSION_NOT_FOUND', `no session has the id or name "${target}"`)
  return found
}

/** The id of an existing session. `exact`: the beginning of a name is not enough. */
export const findSession = async (api: Sessions, target: string, exact = false): Promise<string> => {
  if (!SESSION_ID.test(target)) return idNamed(api, target, exact)
  try {
    return (await api.getSession(target)).id
  } catch (error) {
    // A name may look like an id.
    if (error instanceof HoldfastError && error.code === 'SESSION_NOT_FOUND') return idNamed(api, target, exact)
    throw error
  }
}

/** Does it to each, whose id or whole name is given, printing the ids; goes on after a failure, which the exit code tells. */
export const eachTarget = async (
  targets: readonly string[],
  api: Sessions,
  { io }: Context,
  work: (id: string) => Promise<unknown>,
): Promise<number> => {
  let exitCode = 0
  for (const target of targets) {
    try {
      const id = await findSession(api, target, true)
      await work(id)
      io.stdout.write(`${id}\n`)
    } catch (error) {
      io.stderr.write(failureText(error))
      exitCode = 1
    }
  }
  return exitCode
}
