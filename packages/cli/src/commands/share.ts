/** `holdfast share`: lets someone without a key look at one session for a while. */
import { command, oneTarget, wholeNumber } from '../command.ts'
import { findSession } from '../targets.ts'

const HOUR = 3600
const USES = 100

export const shareCommand = command(
  {
    name: 'share',
    summary:
      'Make a link by which others see a session, read-only, for an hour, and print it with the same for a terminal.',
    usage: '<session> [--write] [--seconds N] [--uses N] [--json]',
    options: {
      write: { type: 'boolean', about: 'they may type, too' },
      seconds: { type: 'string', value: 'N', about: `how long it counts; default ${HOUR}` },
      uses: { type: 'string', value: 'N', about: `how many connects; a reconnect is one, too; default ${USES}` },
      json: { type: 'boolean', about: 'print link and ticket as JSON' },
    },
    examples: ['holdfast share build', 'holdfast share agent --write --seconds 600'],
  },
  async (values, positionals, { io, client, sessions, gateway }) => {
    const target = oneTarget(positionals)
    const ttlSeconds = wholeNumber('--seconds', values.seconds) ?? HOUR
    const uses = wholeNumber('--uses', values.uses) ?? USES
    const id = await findSession(sessions(), target)
    const made = await client().createTicket(id, { mode: values.write ? 'rw' : 'ro', ttlSeconds, uses })
    const url = gateway()
    // Behind the `#`, which browsers send to nobody; the console's page packages/console/src/pages/shared-page.tsx.
    const link = `${url}/#/w/${id}/${made.ticket}`
    const lines = [
      `${values.write ? 'May type' : 'Read-only'}, until ${made.expiresAt}, ${made.uses} connects.`,
      '',
      `  ${link}`,
      '',
      'or in a terminal:',
      `  holdfast attach ${id} --url ${url} --ticket ${made.ticket}`,
      '',
      'or any WebSocket client:',
      `  websocat --protocol 'holdfast.v1, ticket.${made.ticket}' ${url.replace(/^http/, 'ws')}/v1/sessions/${id}/attach`,
    ]
    io.stdout.write(
      values.json ? `${JSON.stringify({ session: id, url, link, ...made }, null, 2)}\n` : `${lines.join('\n')}\n`,
    )
    return 0
  },
)
