/** `holdfast keys`: presses keys in a session. */
import { command, targetFirst, UsageError } from '../command.ts'
import { findSession } from '../targets.ts'

export const keysCommand = command(
  {
    name: 'keys',
    summary: 'Press keys in a session: C-c, M-x, Enter, Escape, Up, F5 …, named as in tmux, or single characters.',
    usage: '<session> key…',
    options: {},
    examples: ['holdfast keys build C-c', 'holdfast keys agent Down Down Enter'],
  },
  async (_values, positionals, { sessions }) => {
    const [target, keys] = targetFirst(positionals)
    if (keys.length === 0) throw new UsageError('name at least one key, such as Enter')
    const api = sessions()
    await api.sendKeys(await findSession(api, target), keys)
    return 0
  },
)
