/** `holdfast rename`: another name for a session. */
import { command, UsageError } from '../command.ts'
import { findSession } from '../targets.ts'

export const renameCommand = command(
  { name: 'rename', summary: 'Give a session another name.', usage: '<session> <new name>', options: {} },
  async (_values, [target, name, ...more], { io, sessions }) => {
    if (target === undefined || name === undefined || more.length > 0)
      throw new UsageError('name one session and its new name')
    const api = sessions()
    const id = await findSession(api, target)
    await api.updateSession(id, { name })
    io.stdout.write(`${id}\n`)
    return 0
  },
)
