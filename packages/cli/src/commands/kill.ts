/** `holdfast kill`: ends sessions and forgets them. */
import { command, UsageError } from '../command.ts'
import { failureText } from '../failure.ts'
import { findSession } from '../targets.ts'

export const killCommand = command(
  { name: 'kill', summary: 'End sessions and forget them; prints the id of each.', usage: '<id|name>…', options: {} },
  async (_values, targets, { io, client }) => {
    if (targets.length === 0) throw new UsageError('name at least one session, by id or name')
    const api = client()
    let exitCode = 0
    for (const target of targets) {
      try {
        const id = await findSession(api, target)
        await api.deleteSession(id)
        io.stdout.write(`${id}\n`)
      } catch (error) {
        io.stderr.write(failureText(error))
        exitCode = 1
      }
    }
    return exitCode
  },
)
