/** `holdfast admin cordon` and `uncordon`: whether a node takes new sessions. */
import { command, oneNode } from '../../command.ts'
import { nodeTable } from './node-table.ts'

export const cordonCommand = command(
  {
    name: 'admin cordon',
    summary: 'Place no new sessions on a node; those it has go on.',
    usage: '<node>',
    options: {},
    examples: ['holdfast admin cordon n2'],
  },
  async (_values, positionals, { io, client }) => {
    const node = oneNode(positionals)
    io.stdout.write(nodeTable(await client().cordon(node), node))
    return 0
  },
)

export const uncordonCommand = command(
  {
    name: 'admin uncordon',
    summary: 'Let a node take new sessions again, and drain it no more.',
    usage: '<node>',
    options: {},
    examples: ['holdfast admin uncordon n2'],
  },
  async (_values, positionals, { io, client }) => {
    const node = oneNode(positionals)
    io.stdout.write(nodeTable(await client().uncordon(node), node))
    return 0
  },
)
