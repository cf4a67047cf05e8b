/** `holdfast usage`: what the caller's tenant uses of its quota. */
import { command, UsageError } from '../command.ts'
import { table } from '../table.ts'

const AMOUNTS = [
  ['sessions', 'sessions'],
  ['cpus', 'CPU cores'],
  ['memoryMb', 'memory, MiB'],
] as const

export const usageCommand = command(
  {
    name: 'usage',
    summary: 'Show what the sessions use of the quota.',
    usage: '[--json]',
    options: { json: { type: 'boolean', about: 'print it as JSON' } },
  },
  async ({ json }, positionals, { io, client }) => {
    if (positionals.length > 0) throw new UsageError('usage takes no names')
    const usage = await client().usage()
    const rows = AMOUNTS.map(([name, words]) => [
      words,
      String(usage.used[name]),
      String(usage.quota[name] ?? 'no limit'),
    ])
    const { createsPerMinute } = usage.quota
    if (createsPerMinute !== null) rows.push(['new ones a minute', '', String(createsPerMinute)])
    io.stdout.write(json ? `${JSON.stringify(usage, null, 2)}\n` : table(['', 'USED', 'QUOTA'], rows))
    return 0
  },
)
