/** The stand-in's calls for operators: nodes, placement, pools, ends and charts, as a test sets them. */
import { nodeView } from '@holdfast/client/node-view'
import {
  CHART_STEP_SECONDS,
  type Charts,
  type Death,
  HoldfastError,
  type NodeList,
  type NodeView,
  type Placement,
  type PoolState,
} from '@holdfast/protocol'

/** Its memory is nearly full. */
export const fakeNode = (fields: Partial<NodeView> & { id: string }): NodeView =>
  nodeView({
    capacity: { sessions: 300, memoryMb: 131_072 },
    reserved: { cpus: 6.5, memoryMb: 12_288, pids: 900, sessions: 3 },
    pressure: { cpu: 0.4, memory: 0.93, memoryFreeMb: 9000, pids: 0.02, disk: 0.5, diskFreeMb: 500_000 },
    sessions: 3,
    ...fields,
  })

export const fakeDeath = (fields: Partial<Death> & { session: string }): Death => ({
  tenant: 'default',
  name: fields.session,
  template: 'shell',
  incarnation: 'i1',
  node: 'local',
  hostId: 'h1',
  runtime: 'docker',
  cause: 'host-died',
  detail: 'no container',
  by: { kind: 'runtime', name: 'docker' },
  evidence: ['2026-01-01T00:00:00Z docker said: no such container'],
  exitCode: null,
  signal: null,
  coreDumped: false,
  oomKills: 0,
  startedAt: null,
  endedAt: new Date().toISOString(),
  hasScreen: false,
  ...fields,
})

/** Points up to now; the last of each line is the last of `values`. */
export const fakeCharts = (values: readonly (number | null)[], fields: Partial<Charts> = {}): Charts => {
  const last = Math.floor(Date.now() / 1000 / CHART_STEP_SECONDS) * CHART_STEP_SECONDS
  return {
    source: 'services',
    times: values.map((_, at) => last - (values.length - 1 - at) * CHART_STEP_SECONDS),
    charts: [
      { id: 'echo', title: 'Echo', unit: 'seconds', series: [{ name: 'p99', values: [...values] }] },
      { id: 'errors', title: 'Errors', unit: 'per minute', series: [] },
    ],
    ...fields,
  }
}

export class OperatorSide {
  readonly nodes = new Map([fakeNode({ id: 'local' })].map((node) => [node.id, node]))
  maintenance: NodeList['maintenance'] = null
  placement: Placement = {
    node: 'local',
    nodes: [{ id: 'local', score: 0.9, tier: 0, warm: false, reasons: [] }],
  }
  pools: PoolState[] = []
  deaths: Death[] = []
  charts: Charts | HoldfastError = fakeCharts([0.001, null, 0.002])
  /** What was asked, such as `POST /v1/nodes/local/cordon`. */
  readonly asked: string[] = []

  /** Undefined: it is none of these calls. */
  answer(method: string, { pathname, search }: URL, body: Record<string, unknown>): unknown {
    const [, , resource, id = '', action] = pathname.split('/')
    this.asked.push(`${method} ${pathname}${search}`)
    if (resource === 'nodes') return this.#nodes(id, action)
    if (resource === 'maintenance') {
      this.maintenance = body.on ? { since: new Date().toISOString() } : null
      return this.#nodes('')
    }
    if (resource === 'placement') return this.placement
    if (resource === 'deaths') return { deaths: this.deaths }
    if (resource === 'charts') {
      if (this.charts instanceof HoldfastError) throw this.charts
      return this.charts
    }
    if (resource !== 'pools') return undefined
    if (action === 'reset')
      this.pools = this.pools.map(({ error: _, ...pool }) => ({ ...pool, state: 'ok', failures: 0 }))
    return { pools: this.pools }
  }

  #nodes(id: string, action?: string): NodeList {
    const node = this.nodes.get(id)
    if (node && action) {
      const draining = action === 'drain'
      this.nodes.set(id, { ...node, draining, cordoned: draining || action === 'cordon' })
    }
    return { nodes: [...this.nodes.values()], maintenance: this.maintenance }
  }
}
