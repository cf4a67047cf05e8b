/** `holdfast ls`: the sessions of the caller. */
import { allSessions, type ListQuery } from '@holdfast/client'
import { PHASES, type Session } from '@holdfast/protocol'
import type { SessionApi } from '@holdfast/session-manager'
import { command, oneOf, pairs, UsageError } from '../command.ts'
import { type Io, onLeaving } from '../io.ts'
import { table } from '../table.ts'
import { agentWords, ageOf, commandLine, shorten } from '../words.ts'

type Query = Omit<ListQuery, 'limit' | 'cursor'>

/** Cursor home, and everything behind it erased. */
const CLEAR = '\x1b[H\x1b[J'
const HEADER = ['ID', 'NAME', 'PHASE', 'AGENT', 'TEMPLATE', 'COMMAND', 'SIZE', 'VIEWERS', 'AGE']
const LONGEST_COMMAND = 40
const row = (session: Session, nowMs: number): string[] => [
  session.id,
  session.name,
  session.phase,
  agentWords(session),
  session.template,
  shorten(commandLine(session), LONGEST_COMMAND),
  `${session.cols}x${session.rows}`,
  String(session.viewers),
  ageOf(session.createdAt, nowMs),
]

const print = (sessions: readonly Session[], json: boolean): string =>
  json
    ? `${JSON.stringify(sessions, null, 2)}\n`
    : table(
        HEADER,
        sessions.map((session) => row(session, Date.now())),
      )

/** Printed anew, over the last one on a terminal, as soon as something changes, until the user leaves. */
const watch = async (api: SessionApi, query: Query, json: boolean, io: Io): Promise<void> => {
  const { stdout } = io
  const ended = new AbortController()
  const unheard = onLeaving(io, () => ended.abort())
  let changed = Promise.withResolvers<void>()
  ended.signal.addEventListener('abort', () => changed.resolve())
  const listen = async (): Promise<void> => {
    for await (const _ of api.events(ended.signal)) changed.resolve()
  }
  const draw = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      changed = Promise.withResolvers() // before the reading, which may miss what changes meanwhile
      stdout.write(`${stdout.isTTY ? CLEAR : ''}${print(await allSessions(api, query), json)}`)
      if (!ended.signal.aborted) await changed.promise
    }
  }
  try {
    await Promise.all([listen(), draw()])
  } catch (error) {
    if (!ended.signal.aborted) throw error
  } finally {
    ended.abort()
    unheard()
  }
}

export const lsCommand = command(
  {
    name: 'ls',
    summary: 'List the sessions, newest first.',
    usage: '[--json] [--watch] [--phase PHASE] [--label NAME=VALUE]…',
    options: {
      json: { type: 'boolean', about: 'print the sessions as a JSON array' },
      watch: { type: 'boolean', short: 'w', about: 'again whenever something changes, until Ctrl-C' },
      phase: { type: 'string', value: 'PHASE', about: `only those in one phase: ${PHASES.join(', ')}` },
      label: {
        type: 'string',
        multiple: true,
        value: 'NAME=VALUE',
        about: 'only those with this label; may be repeated',
      },
    },
  },
  async ({ json = false, watch: stays, phase, label }, positionals, { io, sessions }) => {
    if (positionals.length > 0) throw new UsageError('ls takes no names')
    pairs('--label', label)
    const query = {
      ...(phase === undefined ? {} : { phase: oneOf('--phase', PHASES, phase) }),
      ...(label === undefined ? {} : { label }),
    }
    const api = sessions()
    if (stays) await watch(api, query, json, io)
    else io.stdout.write(print(await allSessions(api, query), json))
    return 0
  },
)
