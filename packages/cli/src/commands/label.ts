/** `holdfast label`: sets and removes labels. */
import { command, pairs, targetFirst } from '../command.ts'
import { aligned } from '../table.ts'
import { findSession } from '../targets.ts'

export const labelCommand = command(
  {
    name: 'label',
    summary: 'Set labels (NAME=VALUE) of a session, remove them (NAME-), and print those it has.',
    usage: '<session> [NAME=VALUE|NAME-]…',
    options: { json: { type: 'boolean', about: 'print them as JSON' } },
    examples: ['holdfast label build team=core ticket=42', 'holdfast label build ticket-'],
  },
  async ({ json }, positionals, { io, sessions }) => {
    const [target, words] = targetFirst(positionals)
    const removed = words.filter((word) => /^[^=]+-$/.test(word))
    const set = pairs(
      'label',
      words.filter((word) => !removed.includes(word)),
    )
    const labels = { ...set, ...Object.fromEntries(removed.map((word) => [word.slice(0, -1), null])) }
    const api = sessions()
    const id = await findSession(api, target)
    const session = words.length === 0 ? await api.getSession(id) : await api.updateSession(id, { labels })
    const rows = Object.entries(session.labels)
    if (json) io.stdout.write(`${JSON.stringify(session.labels, null, 2)}\n`)
    else if (rows.length > 0) io.stdout.write(`${aligned(rows).join('\n')}\n`)
    return 0
  },
)
