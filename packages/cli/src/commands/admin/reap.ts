/** `holdfast admin reap`: shows the hosts that are nobody's, and removes those that an operator confirms. */
import type { Reapable, Reaped, ReapList } from '@holdfast/protocol'
import { command, UsageError } from '../../command.ts'
import { printable, table } from '../../table.ts'

const HEADER = ['HOST', 'NODE', 'SESSION', 'TENANT', 'WHY', 'REMOVED', 'LAST SEEN']

const row = ({ hostId, node, session, tenant, why, needsWord, evidence }: Reapable): string[] => [
  hostId,
  node,
  session,
  tenant,
  why,
  needsWord ? 'when confirmed' : 'by itself',
  evidence.at(-1) ?? '-',
]

const listText = ({ unlisted, hosts }: ReapList): string => {
  const held = unlisted.map((node) =>
    printable(`node ${node} gave no list: nothing is removed while that lasts; see \`holdfast admin nodes\``),
  )
  return [table(HEADER, hosts.map(row)), ...held.map((line) => `${line}\n`)].join('')
}

const reapedText = ({ removed, kept }: Reaped): string =>
  [
    ...removed.map(({ hostId }) => `removed ${hostId}`),
    ...kept.map(({ hostId, reason }) => `kept ${hostId}: ${reason}`),
  ]
    .map((line) => `${printable(line)}\n`)
    .join('')

export const reapCommand = command(
  {
    name: 'admin reap',
    summary: 'Show the hosts that hold no session of anybody, and why; removes only what is confirmed.',
    usage: '[--dry-run] [--json] | --confirm all|HOST…',
    options: {
      'dry-run': { type: 'boolean', about: 'change nothing, as without --confirm' },
      confirm: { type: 'string', value: 'all|HOST…', about: 'remove all, or these, if they are still nobody’s' },
      json: { type: 'boolean', about: 'print it as JSON, with all evidence' },
    },
    examples: ['holdfast admin reap', 'holdfast admin reap --confirm all', 'holdfast admin reap --confirm HOST HOST'],
  },
  async ({ 'dry-run': dryRun, confirm, json }, positionals, { io, client }) => {
    if (confirm === undefined) {
      if (positionals.length > 0) throw new UsageError('name hosts after --confirm')
      const list = await client().reapable()
      io.stdout.write(json ? `${JSON.stringify(list, null, 2)}\n` : listText(list))
      return 0
    }
    if (dryRun) throw new UsageError('--dry-run and --confirm exclude each other')
    if (confirm === 'all' && positionals.length > 0) throw new UsageError('--confirm takes either all or hosts')
    const reaped = await client().reap(confirm === 'all' ? confirm : [confirm, ...positionals])
    io.stdout.write(json ? `${JSON.stringify(reaped, null, 2)}\n` : reapedText(reaped))
    return reaped.kept.length === 0 ? 0 : 1
  },
)
