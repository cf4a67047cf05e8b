/** `holdfast admin …`: what operators see and do. */
import type { Group } from '../command.ts'
import { cordonCommand, uncordonCommand } from './admin/cordon.ts'
import { deathsCommand } from './admin/deaths.ts'
import { drainCommand } from './admin/drain.ts'
import { maintenanceCommand } from './admin/maintenance.ts'
import { nodesCommand } from './admin/nodes.ts'
import { poolsCommand } from './admin/pools.ts'
import { reapCommand } from './admin/reap.ts'
import { whyCommand } from './admin/why.ts'

export const adminGroup: Group = {
  name: 'admin',
  summary: 'For operators: nodes, warm pools, what sessions wait for and how they ended.',
  commands: [
    nodesCommand,
    cordonCommand,
    uncordonCommand,
    drainCommand,
    maintenanceCommand,
    whyCommand,
    deathsCommand,
    reapCommand,
    poolsCommand,
  ],
}
