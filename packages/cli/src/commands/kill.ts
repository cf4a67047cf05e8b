/** `holdfast kill`: ends sessions and forgets them. */
import { command, UsageError } from '../command.ts'
import { eachTarget } from '../targets.ts'

export const killCommand = command(
  { name: 'kill', summary: 'End sessions and forget them; prints the id of each.', usage: '<id|name>…', options: {} },
  async (_values, targets, context) => {
    if (targets.length === 0) throw new UsageError('name at least one session, by id or name')
    const api = context.sessions()
    return eachTarget(targets, api, context, (id) => api.deleteSession(id))
  },
)
