/** `holdfast extend`: more time for a session. */
import { command, oneTarget, UsageError, wholeNumber } from '../command.ts'
import { findSession } from '../targets.ts'

export const extendCommand = command(
  {
    name: 'extend',
    summary: 'Give a session more time, counted from now; prints when it ends.',
    usage: '<id|name> [--ttl SECONDS] [--idle SECONDS]',
    options: {
      ttl: { type: 'string', value: 'SECONDS', about: 'end it this long after now' },
      idle: { type: 'string', value: 'SECONDS', about: 'end it when nothing happens in it for so long' },
    },
  },
  async (values, targets, { io, client }) => {
    const target = oneTarget(targets)
    const [ttlSeconds, idleSeconds] = [wholeNumber('--ttl', values.ttl), wholeNumber('--idle', values.idle)]
    if (ttlSeconds === undefined && idleSeconds === undefined) throw new UsageError('give --ttl, --idle or both')
    const api = client()
    const session = await api.extendSession(await findSession(api, target), {
      ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
      ...(idleSeconds === undefined ? {} : { idleSeconds }),
    })
    const ends = [
      session.expiresAt === undefined ? [] : [`at ${session.expiresAt}`],
      session.idleSeconds === undefined ? [] : [`when idle for ${session.idleSeconds} s`],
    ].flat()
    io.stdout.write(`ends ${ends.join(', or ')}\n`)
    return 0
  },
)
