/** A node as `GET /v1/nodes` shows it. */
import type { NodeView } from '@holdfast/protocol'

export const nodeView = (fields: Partial<NodeView> = {}): NodeView => ({
  id: 'n1',
  source: 'file',
  runtime: 'docker',
  engine: 'this machine',
  labels: {},
  region: null,
  zone: null,
  tier: 0,
  capacity: { cpus: 8, sessions: 10 },
  reserved: { cpus: 1.5, memoryMb: 1024, pids: 200, sessions: 2 },
  pressure: { cpu: 0.25, memory: 0.4, memoryFreeMb: 9000, pids: 0.1, disk: 0.5, diskFreeMb: 9000 },
  bridgePorts: null,
  cordoned: false,
  draining: false,
  reachable: true,
  breaker: 'closed',
  heartbeatAgeMs: 2500,
  lastError: null,
  sessions: 2,
  ...fields,
})
