/** `holdfast admin deaths`: how sessions ended. */
import type { HoldfastClient } from '@holdfast/client'
import { type Death, SESSION_ID } from '@holdfast/protocol'
import { command, UsageError, wholeNumber } from '../../command.ts'
import { table } from '../../table.ts'
import { findSession } from '../../targets.ts'
import { byWords, causeWords, exitWords } from './death-words.ts'

const HEADER = ['ENDED', 'SESSION', 'NAME', 'NODE', 'BY', 'EXIT', 'CAUSE']
const DEFAULT_LIMIT = 50
/** The API's largest page. */
const PAGE = 200

const row = (death: Death): string[] => [
  death.endedAt,
  death.session,
  death.name,
  death.node ?? '-',
  byWords(death),
  exitWords(death),
  causeWords(death),
]

/** An id is good also when its session is forgotten; a name only while it lives. */
const sessionOf = async (client: HoldfastClient, target: string): Promise<string> =>
  SESSION_ID.test(target) ? target : findSession(client, target)

const newest = async (client: HoldfastClient, session: string | undefined, limit: number): Promise<Death[]> => {
  const deaths: Death[] = []
  let cursor: string | undefined
  do {
    const page = await client.deathPage({
      limit: Math.min(PAGE, limit - deaths.length),
      ...(session === undefined ? {} : { session }),
      ...(cursor === undefined ? {} : { cursor }),
    })
    deaths.push(...page.deaths)
    cursor = page.cursor
  } while (cursor !== undefined && deaths.length < limit)
  return deaths
}

export const deathsCommand = command(
  {
    name: 'admin deaths',
    summary: 'List how sessions of this tenant ended, newest first; also those that are forgotten.',
    usage: '[id|name] [--limit N] [--json]',
    options: {
      limit: { type: 'string', value: 'N', about: `at most so many; default ${DEFAULT_LIMIT}` },
      json: { type: 'boolean', about: 'print them, with evidence, as a JSON array' },
    },
    examples: ['holdfast admin deaths', 'holdfast admin deaths local-7f3k9m2q4x8v1a --json'],
  },
  async ({ limit, json }, positionals, { io, client }) => {
    const [target] = positionals
    if (positionals.length > 1) throw new UsageError('name one session, by id or name, or none')
    const most = wholeNumber('--limit', limit) ?? DEFAULT_LIMIT
    if (most === 0) throw new UsageError('--limit takes at least 1')
    const api = client()
    const deaths = await newest(api, target === undefined ? undefined : await sessionOf(api, target), most)
    io.stdout.write(json ? `${JSON.stringify(deaths, null, 2)}\n` : table(HEADER, deaths.map(row)))
    return 0
  },
)
