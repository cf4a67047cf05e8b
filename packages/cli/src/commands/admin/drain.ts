/** `holdfast admin drain`: empties a node. */
import { command, oneNode, wholeNumber } from '../../command.ts'
import { nodeTable } from './node-table.ts'

export const drainCommand = command(
  {
    name: 'admin drain',
    summary: 'Cordon a node and wait until its sessions have ended or moved; `admin nodes` says how many are left.',
    usage: '<node> [--end-idle SECONDS]',
    options: {
      'end-idle': {
        type: 'string',
        value: 'SECONDS',
        about:
          'move those without a viewer that are idle for so long to another node, or end them if their restart policy is never; default: wait for all',
      },
    },
    examples: ['holdfast admin drain n2', 'holdfast admin drain n2 --end-idle 600'],
  },
  async (values, positionals, { io, client }) => {
    const node = oneNode(positionals)
    const seconds = wholeNumber('--end-idle', values['end-idle'])
    io.stdout.write(nodeTable(await client().drain(node, seconds), node))
    return 0
  },
)
