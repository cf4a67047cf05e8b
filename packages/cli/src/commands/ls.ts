/** `holdfast ls`: the sessions of the caller. */
import { allSessions } from '@holdfast/client'
import { PHASES, type Session } from '@holdfast/protocol'
import { command, oneOf, pairs, UsageError } from '../command.ts'
import { table } from '../table.ts'
import { ageOf, commandLine, shorten } from '../words.ts'

const HEADER = ['ID', 'NAME', 'PHASE', 'TEMPLATE', 'COMMAND', 'SIZE', 'VIEWERS', 'AGE']
const LONGEST_COMMAND = 40
const row = (session: Session, nowMs: number): string[] => [
  session.id,
  session.name,
  session.phase,
  session.template,
  shorten(commandLine(session), LONGEST_COMMAND),
  `${session.cols}x${session.rows}`,
  String(session.viewers),
  ageOf(session.createdAt, nowMs),
]

export const lsCommand = command(
  {
    name: 'ls',
    summary: 'List the sessions, newest first.',
    usage: '[--json] [--phase PHASE] [--label NAME=VALUE]…',
    options: {
      json: { type: 'boolean', about: 'print the sessions as a JSON array' },
      phase: { type: 'string', value: 'PHASE', about: `only those in one phase: ${PHASES.join(', ')}` },
      label: {
        type: 'string',
        multiple: true,
        value: 'NAME=VALUE',
        about: 'only those with this label; may be repeated',
      },
    },
  },
  async ({ json, phase, label }, positionals, { io, client }) => {
    if (positionals.length > 0) throw new UsageError('ls takes no names')
    pairs('--label', label)
    const query = {
      ...(phase === undefined ? {} : { phase: oneOf('--phase', PHASES, phase) }),
      ...(label === undefined ? {} : { label }),
    }
    const sessions = await allSessions(client(), query)
    const rows = sessions.map((session) => row(session, Date.now()))
    io.stdout.write(json ? `${JSON.stringify(sessions, null, 2)}\n` : table(HEADER, rows))
    return 0
  },
)
