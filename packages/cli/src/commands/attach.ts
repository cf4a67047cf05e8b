/** `holdfast attach`: this terminal becomes the session's. */
import { command, oneTarget } from '../command.ts'
import { liveSession } from '../live-session.ts'
import { findSession } from '../targets.ts'

export const attachCommand = command(
  {
    name: 'attach',
    summary: 'Show a session on this terminal and type into it.',
    usage: '<id|name> [--read-only]',
    options: { 'read-only': { type: 'boolean', about: 'only look: nothing is typed, the size does not count' } },
  },
  async (values, positionals, { io, client }) => {
    const target = oneTarget(positionals)
    const api = client()
    return liveSession(api, await findSession(api, target), values['read-only'] ? 'ro' : 'rw', io)
  },
)
