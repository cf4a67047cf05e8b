/** `holdfast attach`: this terminal becomes the session's. */
import { allSessions, HoldfastClient } from '@holdfast/client'
import { HoldfastError, hasEnded } from '@holdfast/protocol'
import { type Context, command, ONE_SESSION, oneTarget, UsageError } from '../command.ts'
import { DEFAULT_DETACH_KEYS, detachKeysOf } from '../detach-keys.ts'
import { liveSession } from '../live-session.ts'
import { pick } from '../picker.ts'
import { PREDICT_OPTION, predictionOf } from '../prediction.ts'
import { findSession } from '../targets.ts'

/** Chosen from a list, where there is a terminal to show it. null: nothing was chosen. */
const chosen = async ({ io, sessions }: Context): Promise<string | null> => {
  if (!io.stdin.isTTY || !io.stdout.isTTY) throw new UsageError(ONE_SESSION)
  const live = (await allSessions(sessions())).filter(({ phase }) => !hasEnded(phase))
  if (live.length === 0) throw new HoldfastError('SESSION_NOT_FOUND', 'there is no session; `holdfast new` makes one')
  return (await pick(live, io))?.id ?? null
}

/** A ticket is for one session, and knows no names. */
const byTicket = (url: string | undefined, ticket: string): HoldfastClient => {
  if (url === undefined) throw new UsageError('--ticket needs --url, the address of the gateway')
  return new HoldfastClient({ url, ticket })
}

export const attachCommand = command(
  {
    name: 'attach',
    summary: 'Show a session on this terminal and type into it.',
    usage: '[<id|name|beginning>] [--read-only] [--steal] [--detach-keys KEYS] [--predict WHEN]',
    options: {
      'read-only': { type: 'boolean', about: 'only look: nothing is typed, the size does not count' },
      steal: { type: 'boolean', about: 'take size and clipboard from whoever controls them' },
      'detach-keys': {
        type: 'string',
        value: 'C-x,y',
        about: `default ${DEFAULT_DETACH_KEYS}, or HOLDFAST_DETACH_KEYS`,
      },
      predict: PREDICT_OPTION,
      ticket: { type: 'string', value: 'TICKET', about: 'attach by a ticket of `holdfast share` instead of a key' },
      url: { type: 'string', value: 'URL', about: 'with --ticket: the gateway' },
    },
    examples: [
      'holdfast attach            # choose from a list',
      'holdfast attach build',
      'holdfast attach local-7f3k9m2q4x8v1a --read-only',
    ],
  },
  async (values, positionals, context) => {
    const { io } = context
    const keys = detachKeysOf(io.env, values['detach-keys'])
    const mode = values['read-only'] ? 'ro' : 'rw'
    const predict = predictionOf(values.predict)
    const options = { mode, keys, predict, steal: values.steal ?? false } as const
    if (values.ticket !== undefined)
      return (await liveSession(byTicket(values.url, values.ticket), oneTarget(positionals), options, io)).exitCode
    const api = context.sessions()
    const id = positionals.length === 0 ? await chosen(context) : await findSession(api, oneTarget(positionals))
    return id === null ? 0 : (await liveSession(api, id, options, io)).exitCode
  },
)
