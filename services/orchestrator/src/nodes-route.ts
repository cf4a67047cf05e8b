/** For operators: the nodes, whether they take new sessions, and maintenance. */
import {
  HoldfastError,
  type NodeList,
  type NodeSpec,
  type NodeView,
  nodeListSchema,
  nodeSpecSchema,
} from '@holdfast/protocol'
import { engineName } from '@holdfast/runtime'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import { requireOperator } from './authenticate.ts'
import type { Domain } from './domain.ts'
import { settleDraining } from './draining.ts'
import type { Engine } from './engine.ts'
import type { Node } from './node.ts'
import { nodeFaults } from './node-file.ts'
import { idParams } from './sessions-route.ts'

const drainQuery = Type.Object(
  {
    endIdleSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          'sessions without a viewer that are idle for so long are moved, or ended where `restart` is `never`; default: none',
      }),
    ),
  },
  { additionalProperties: false },
)
const viewOf = ({ nodes, placer, live }: Domain, { spec, runtime, report, health }: Node): NodeView => {
  const { cpuMilli, ...reserved } = placer.reserved(spec.id)
  const { cordoned, draining } = nodes.flags(spec.id)
  const { pressure = null, bridgePorts = null } = report() ?? {}
  return {
    id: spec.id,
    source: nodes.isFromFile(spec.id) ? 'file' : 'api',
    runtime: runtime.kind,
    engine: spec.engine === undefined ? 'this machine' : engineName(spec.engine),
    labels: spec.labels ?? {},
    region: spec.region ?? null,
    zone: spec.zone ?? null,
    tier: spec.tier ?? 0,
    capacity: spec.capacity ?? {},
    reserved: { cpus: cpuMilli / 1000, ...reserved },
    pressure,
    bridgePorts,
    cordoned,
    draining: draining !== null,
    ...health(),
    sessions: [...live.all()].filter(({ record }) => record.node === spec.id && record.endedAt === null).length,
  }
}

const list = async (domain: Domain): Promise<NodeList> => {
  await domain.placer.refresh()
  return {
    nodes: domain.nodes.all().map((node) => viewOf(domain, node)),
    maintenance: domain.nodes.maintenance(),
  }
}

/** Sessions hold room as long as they run, whichever replica knows them. */
const refuseInUse = async ({ placer }: Domain, id: string): Promise<void> => {
  await placer.refresh()
  const { sessions } = placer.reserved(id)
  if (sessions > 0) throw new HoldfastError('NODE_IN_USE', `node "${id}" has ${sessions} sessions; drain it first`)
}

const actions = (domain: Domain) => {
  const { nodes } = domain
  return {
    cordon: (id: string) => nodes.setFlags(id, { ...nodes.flags(id), cordoned: true }),
    uncordon: async (id: string) => {
      await nodes.setFlags(id, { cordoned: false, draining: null })
      await settleDraining(domain)
    },
    drain: async (id: string, endIdleSeconds: number | null) => {
      await nodes.setFlags(id, { cordoned: true, draining: { endIdleSeconds, since: new Date().toISOString() } })
      await settleDraining(domain)
    },
    remove: async (id: string) => {
      nodes.get(id)
      await nodes.setFlags(id, { ...nodes.flags(id), cordoned: true }) // so that none comes after the look
      await refuseInUse(domain, id)
      await nodes.remove(id)
    },
  }
}

export const nodesRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine: { domain } }) => {
  const { nodes } = domain
  const act = actions(domain)
  app.addHook('onRequest', requireOperator)

  const answer = { response: { 200: nodeListSchema } }
  const onNode = (summary: string) => ({ schema: { ...answer, summary, params: idParams } })
  app.get('/v1/nodes', { schema: { ...answer, summary: 'The nodes' } }, () => list(domain))
  app.post<{ Body: NodeSpec }>(
    '/v1/nodes',
    { schema: { ...answer, summary: 'Add a node', body: nodeSpecSchema } },
    async ({ body }) => {
      const faults = nodeFaults(body)
      if (faults.length > 0) throw new HoldfastError('BAD_REQUEST', `body: ${faults.join('; ')}`)
      await nodes.add(body)
      return list(domain)
    },
  )
  type OfNode = { Params: { id: string } }
  app.delete<OfNode>('/v1/nodes/:id', onNode('Remove a node without sessions'), async ({ params }) => {
    await act.remove(params.id)
    return list(domain)
  })
  for (const [name, summary] of [
    ['cordon', 'Take no new sessions'],
    ['uncordon', 'Take new sessions again, and drain no more'],
  ] as const) {
    app.post<OfNode>(`/v1/nodes/:id/${name}`, onNode(summary), async ({ params }) => {
      await act[name](params.id)
      return list(domain)
    })
  }
  const drain = onNode(
    'Cordon, mark its sessions as Draining and wait until they have ended or moved; `sessions` says how many are left',
  )
  app.post<OfNode & { Querystring: { endIdleSeconds?: number } }>(
    '/v1/nodes/:id/drain',
    { schema: { ...drain.schema, querystring: drainQuery } },
    async ({ params, query }) => {
      await act.drain(params.id, query.endIdleSeconds ?? null)
      return list(domain)
    },
  )
  app.put<{ Body: { on: boolean } }>(
    '/v1/maintenance',
    {
      schema: {
        ...answer,
        summary: 'Freeze, or release, every timer that ends sessions',
        body: Type.Object({ on: Type.Boolean() }, { additionalProperties: false }),
      },
    },
    async ({ body }) => {
      await nodes.setMaintenance(body.on)
      return list(domain)
    },
  )
}
