/** Nodes as a table, and what is the matter with them below it. */
import type { NodeList, NodeView } from '@holdfast/protocol'
import { printable, table } from '../../table.ts'
import { duration, percent } from '../../words.ts'

const HEADER = ['NODE', 'RUNTIME', 'STATE', 'HEARTBEAT', 'SESSIONS', 'CPUS', 'MEMORY MIB', 'PIDS', 'PRESSURE']

const stateOf = ({ cordoned, draining, reachable }: NodeView): string => {
  const flags = [...(reachable ? [] : ['unreachable']), ...(draining ? ['draining'] : cordoned ? ['cordoned'] : [])]
  return flags.length === 0 ? 'ready' : flags.join(', ')
}

/** `-` stands for no bound. */
const room = (used: number, capacity: number | undefined): string => `${used}/${capacity ?? '-'}`

const pressureOf = ({ pressure }: NodeView): string =>
  pressure === null
    ? 'not known'
    : `cpu ${percent(pressure.cpu)}, memory ${percent(pressure.memory)}, disk ${percent(pressure.disk)}`

const row = (node: NodeView): string[] => {
  const { id, runtime, heartbeatAgeMs, sessions, reserved, capacity } = node
  return [
    id,
    runtime,
    stateOf(node),
    heartbeatAgeMs === null ? 'never' : `${duration(heartbeatAgeMs)} ago`,
    room(sessions, capacity.sessions),
    room(reserved.cpus, capacity.cpus),
    room(reserved.memoryMb, capacity.memoryMb),
    room(reserved.pids, capacity.pids),
    pressureOf(node),
  ]
}

export const maintenanceWords = ({ maintenance }: NodeList): string =>
  maintenance === null
    ? 'no maintenance: timers run'
    : `maintenance since ${maintenance.since}: no timer ends a session`

/** `id`: only this one. */
export const nodeTable = (list: NodeList, id?: string): string => {
  const nodes = list.nodes.filter((node) => id === undefined || node.id === id)
  const errors = nodes.flatMap((node) =>
    node.reachable || node.lastError === null ? [] : [printable(`node ${node.id}: ${node.lastError}`)],
  )
  const notes = [...(list.maintenance === null ? [] : [maintenanceWords(list)]), ...errors]
  return table(HEADER, nodes.map(row)) + notes.map((note) => `${note}\n`).join('')
}
