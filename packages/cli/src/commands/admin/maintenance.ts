/** `holdfast admin maintenance`: freezes, or releases, every timer that ends sessions. */
import { command, UsageError } from '../../command.ts'
import { maintenanceWords } from './node-table.ts'

export const maintenanceCommand = command(
  {
    name: 'admin maintenance',
    summary: 'Freeze (on) or release (off) every timer that ends sessions, on all nodes.',
    usage: 'on|off',
    options: {},
    examples: ['holdfast admin maintenance on', 'holdfast admin maintenance off'],
  },
  async (_values, positionals, { io, client }) => {
    const [word] = positionals
    if (positionals.length !== 1 || (word !== 'on' && word !== 'off')) throw new UsageError('say on or off')
    io.stdout.write(`${maintenanceWords(await client().setMaintenance(word === 'on'))}\n`)
    return 0
  },
)
