/** From what the user typed to a session: an id as it is, or the name of exactly one live session. */
import { allSessions, type HoldfastClient } from '@holdfast/client'
import { HoldfastError, hasEnded, SESSION_ID } from '@holdfast/protocol'
import type { Context } from './command.ts'
import { failureText } from './failure.ts'

const idNamed = async (client: HoldfastClient, name: string): Promise<string> => {
  const found = (await allSessions(client)).filter((session) => session.name === name && !hasEnded(session.phase))
  const [only] = found
  if (only === undefined) throw new HoldfastError('SESSION_NOT_FOUND', `no live session has the id or name "${name}"`)
  if (found.length === 1) return only.id
  const ids = found.map(({ id, createdAt }) => `\n  ${id}  made ${createdAt}`)
  throw new HoldfastError('BAD_REQUEST', `${found.length} sessions are named "${name}"; use an id:${ids.join('')}`)
}

/** The id of an existing session. */
export const findSession = async (client: HoldfastClient, target: string): Promise<string> => {
  if (!SESSION_ID.test(target)) return idNamed(client, target)
  try {
    return (await client.getSession(target)).id
  } catch (error) {
    // A name may look like an id.
    if (error instanceof HoldfastError && error.code === 'SESSION_NOT_FOUND') return idNamed(client, target)
    throw error
  }
}

/** Does it to each, printing the ids; goes on after a failure, which the exit code tells. */
export const eachTarget = async (
  targets: readonly string[],
  { io, client }: Context,
  work: (api: HoldfastClient, id: string) => Promise<void>,
): Promise<number> => {
  const api = client()
  let exitCode = 0
  for (const target of targets) {
    try {
      const id = await findSession(api, target)
      await work(api, id)
      io.stdout.write(`${id}\n`)
    } catch (error) {
      io.stderr.write(failureText(error))
      exitCode = 1
    }
  }
  return exitCode
}
