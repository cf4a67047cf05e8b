/** `holdfast suspend`: stops sessions without ending them. */
import { command, UsageError } from '../command.ts'
import { eachTarget } from '../targets.ts'

export const suspendCommand = command(
  {
    name: 'suspend',
    summary: 'Stop sessions until someone attaches; prints the id of each.',
    usage: '[--freeze] <id|name>…',
    options: { freeze: { type: 'boolean', about: 'keep them in memory instead of starting anew (Docker only)' } },
  },
  async ({ freeze }, targets, context) => {
    if (targets.length === 0) throw new UsageError('name at least one session, by id or name')
    const api = context.client()
    return eachTarget(targets, api, context, (id) => api.suspendSession(id, { freeze: freeze ?? false }))
  },
)
