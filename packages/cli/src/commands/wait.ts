/** `holdfast wait`: until a session shows something, asks, rests or ends. */
import { WAITS } from '@holdfast/protocol'
import { type Until, wait } from '@holdfast/session-manager'
import { command, oneOf, oneTarget, UsageError, wholeNumber } from '../command.ts'
import { findSession } from '../targets.ts'

/** As timeout(1) tells it. */
const NOT_MET = 124

export const waitCommand = command(
  {
    name: 'wait',
    summary: 'Wait until a session shows a text, asks its user, rests or ends; exit 124 when it does not in time.',
    usage: '<session> [--until exit|text|idle|prompt|waiting] [--text REGEX] [--timeout SECONDS] [--json]',
    options: {
      until: {
        type: 'string',
        value: 'WHAT',
        about: 'exit (default), text on the screen, idle (no output), a shell prompt, or an agent waiting for input',
      },
      text: { type: 'string', value: 'REGEX', about: 'the text to wait for; implies --until text' },
      idle: { type: 'string', value: 'MS', about: 'milliseconds of silence that count as idle; default 500' },
      timeout: { type: 'string', value: 'SECONDS', about: 'default: no end' },
      json: { type: 'boolean', about: 'print the result as JSON' },
    },
    examples: [
      'holdfast wait build && echo done',
      "holdfast wait server --text 'listening on \\d+' --timeout 30",
      'holdfast wait agent --until waiting',
    ],
  },
  async (values, positionals, { io, sessions }) => {
    const target = oneTarget(positionals)
    const until = oneOf('--until', WAITS, values.until ?? (values.text === undefined ? 'exit' : 'text'))
    if ((until === 'text') !== (values.text !== undefined)) throw new UsageError('--until text and --text go together')
    const seconds = wholeNumber('--timeout', values.timeout)
    const idleMs = wholeNumber('--idle', values.idle)
    const api = sessions()
    const wanted: Until = {
      until,
      timeoutMs: seconds === undefined ? Number.POSITIVE_INFINITY : seconds * 1000,
      ...(values.text === undefined ? {} : { text: values.text }),
      ...(idleMs === undefined ? {} : { idleMs }),
    }
    const result = await wait(api, await findSession(api, target), wanted)
    if (values.json) io.stdout.write(`${JSON.stringify(result)}\n`)
    else if (result.text !== undefined) io.stdout.write(`${result.text}\n`)
    return result.met ? 0 : NOT_MET
  },
)
