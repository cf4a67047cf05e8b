/** `holdfast admin nodes`: the nodes, how full they are and whether they answer. */
import { command, UsageError } from '../../command.ts'
import { nodeTable } from './node-table.ts'

export const nodesCommand = command(
  {
    name: 'admin nodes',
    summary: 'List the nodes: state, heartbeat, room in use of capacity, pressure.',
    usage: '[--json]',
    options: { json: { type: 'boolean', about: 'print them, and maintenance, as JSON' } },
    examples: ['holdfast admin nodes', "holdfast admin nodes --json | jq '.nodes[] | select(.reachable | not)'"],
  },
  async ({ json }, positionals, { io, client }) => {
    if (positionals.length > 0) throw new UsageError('nodes takes no names')
    const list = await client().nodes()
    io.stdout.write(json ? `${JSON.stringify(list, null, 2)}\n` : nodeTable(list))
    return 0
  },
)
