/** `holdfast admin why`: what a session waits for, what keeps it, and how it ended last. */
import { ACTIVITIES, type Death, type LimitEnd, type Why } from '@holdfast/protocol'
import { command, oneTarget } from '../../command.ts'
import { aligned, printable } from '../../table.ts'
import { findSession } from '../../targets.ts'
import { byWords, causeWords, exitWords } from './death-words.ts'

const waitingWords = ({ waiting }: Why): string =>
  waiting === null
    ? 'for nothing'
    : `for ${waiting.for}, since ${waiting.since}, ${waiting.until === null ? 'without end' : `until ${waiting.until}`}`

const deathRows = (death: Death | undefined): string[][] =>
  death === undefined
    ? []
    : [
        ['last death', `${death.endedAt} by ${byWords(death)}: ${causeWords(death)} (${exitWords(death)})`],
        ...death.evidence.map((line) => ['', line]),
      ]

const endWords = ({ at, because, action }: LimitEnd): string =>
  `${action === 'stop' ? 'ended' : 'suspended'} at ${at} ${because === 'ttl' ? 'by its time to live' : 'if idle until then'}`

const limitRows = ({ activity, ends = [] }: Why): string[][] => [
  ...(activity === undefined
    ? []
    : [['last active', `${activity.at}, ${activity.because}: ${ACTIVITIES[activity.because]}`]]),
  ...ends.map((end, at) => [at === 0 ? 'limits' : '', endWords(end)]),
]

const rows = (why: Why): string[][] => [
  ['phase', `${why.phase} since ${why.since}${why.deadline === null ? '' : `, overdue at ${why.deadline}`}`],
  ['next to act', why.owner],
  ['waits', waitingWords(why)],
  ...limitRows(why),
  ...why.conditions.map(({ type, status, reason, since }, at) => [
    at === 0 ? 'conditions' : '',
    `${type} ${status} since ${since}${reason === '' ? '' : `: ${reason}`}`,
  ]),
  ...deathRows(why.lastDeath),
]

export const whyCommand = command(
  {
    name: 'admin why',
    summary: 'Say why a session is where it is: what it waits for, what keeps it, and when its limits are over.',
    usage: '<id|name> [--json]',
    options: { json: { type: 'boolean', about: 'print it as JSON' } },
    examples: ['holdfast admin why build'],
  },
  async ({ json }, positionals, { io, client }) => {
    const target = oneTarget(positionals)
    const api = client()
    const why = await api.why(await findSession(api, target))
    const text = `${printable(why.summary)}\n\n${aligned(rows(why)).join('\n')}\n`
    io.stdout.write(json ? `${JSON.stringify(why, null, 2)}\n` : text)
    return 0
  },
)
