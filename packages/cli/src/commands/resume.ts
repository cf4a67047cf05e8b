/** `holdfast resume`: lets suspended sessions run again. */
import { command, UsageError } from '../command.ts'
import { eachTarget } from '../targets.ts'

export const resumeCommand = command(
  {
    name: 'resume',
    summary: 'Let suspended sessions run again; prints the id of each.',
    usage: '<id|name>…',
    options: {},
  },
  async (_values, targets, context) => {
    if (targets.length === 0) throw new UsageError('name at least one session, by id or name')
    const api = context.client()
    return eachTarget(targets, api, context, (id) => api.resumeSession(id))
  },
)
