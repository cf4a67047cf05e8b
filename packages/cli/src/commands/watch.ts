/** `holdfast watch`: tells when an agent becomes busy, idle or waits for its user; to a terminal, a command or a URL. */

import { agentChanges, type Hook, runHook } from '@holdfast/session-manager'
import { command, UsageError } from '../command.ts'
import { onLeaving } from '../io.ts'
import { printable } from '../table.ts'

export const watchCommand = command(
  {
    name: 'watch',
    summary: 'Tell whenever a session becomes busy, idle or waits for its user, until Ctrl-C.',
    usage: '[--json] [--webhook URL] [--exec COMMAND]',
    options: {
      json: { type: 'boolean', about: 'one JSON object a line' },
      exec: {
        type: 'string',
        value: 'COMMAND',
        about: 'run by sh for each change: HOLDFAST_SESSION, _NAME, _AGENT, _STATE, _BEFORE are set',
      },
      webhook: { type: 'string', value: 'URL', about: 'gets each change by POST as JSON' },
    },
    examples: [
      'holdfast watch',
      `holdfast watch --exec 'test "$HOLDFAST_STATE" = waiting && notify-send "$HOLDFAST_NAME asks"'`,
    ],
  },
  async (values, positionals, { io, sessions }) => {
    if (positionals.length > 0) throw new UsageError('watch takes no names')
    const hooks: Hook[] = []
    if (values.exec !== undefined) hooks.push({ command: ['sh', '-c', values.exec] })
    if (values.webhook !== undefined) {
      if (!URL.canParse(values.webhook)) throw new UsageError(`--webhook takes a URL, not "${values.webhook}"`)
      hooks.push({ url: values.webhook })
    }
    const ended = new AbortController()
    const unheard = onLeaving(io, () => ended.abort())
    try {
      for await (const change of agentChanges(sessions(), ended.signal)) {
        const { session, agent, before } = change
        const at = new Date().toISOString()
        const words = `${at}  ${session.name}  ${agent.name}  ${before ?? 'new'} → ${agent.state}  ${agent.evidence}`
        io.stdout.write(values.json ? `${JSON.stringify({ at, ...change })}\n` : `${printable(words)}\n`)
        for (const hook of hooks) {
          void runHook(hook, change).catch((error: Error) => io.stderr.write(`holdfast: hook: ${error.message}\n`))
        }
      }
    } finally {
      unheard()
    }
    return 0
  },
)
