/** `holdfast admin pools`: the warm pools, and another try for one that stopped. */
import type { PoolState } from '@holdfast/protocol'
import { command, UsageError } from '../../command.ts'
import { table } from '../../table.ts'

const HEADER = ['TEMPLATE', 'NODE', 'WAITING', 'STATE', 'FAILURES', 'NEXT TRY', 'ERROR']

const row = ({ template, node, wanted, waiting, state, failures, retryAt, error }: PoolState): string[] => [
  template,
  node,
  `${waiting}/${wanted}`,
  state,
  String(failures),
  retryAt ?? '-',
  error ?? '-',
]

export const poolsCommand = command(
  {
    name: 'admin pools',
    summary: 'List the warm pools, one line a node; `reset` forgets the failures of one and fills it now.',
    usage: '[--json] | reset TEMPLATE',
    options: { json: { type: 'boolean', about: 'print them as a JSON array' } },
    examples: ['holdfast admin pools', 'holdfast admin pools reset shell'],
  },
  async ({ json }, positionals, { io, client }) => {
    const [verb, template, ...rest] = positionals
    const api = client()
    if (verb !== undefined) {
      if (verb !== 'reset' || template === undefined || rest.length > 0)
        throw new UsageError('say `reset` and one template, or nothing')
      await api.resetPool(template)
    }
    const pools = (await api.pools()).filter((pool) => template === undefined || pool.template === template)
    io.stdout.write(json ? `${JSON.stringify(pools, null, 2)}\n` : table(HEADER, pools.map(row)))
    return 0
  },
)
