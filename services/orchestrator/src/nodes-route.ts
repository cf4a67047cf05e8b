/** For operators: the nodes, and whether they take new sessions. */
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import { requireOperator } from './authenticate.ts'
import { drainNode, undrainNode } from './draining.ts'
import type { Engine } from './engine.ts'
import type { NodeView } from './nodes.ts'
import { idParams } from './sessions-route.ts'

const nodeSchema = Type.Object({
  id: Type.String(),
  runtime: Type.String(),
  cordoned: Type.Boolean({ description: 'takes no new sessions' }),
  reachable: Type.Boolean(),
  sessions: Type.Integer({ description: 'sessions with a host on the node, as far as this replica knows' }),
})

export const nodesRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const { nodes, live } = engine.domain
  app.addHook('onRequest', requireOperator)

  const withCount = (node: NodeView) => ({
    ...node,
    sessions: [...live.all()].filter(({ record }) => record.node === node.id && record.hostId !== null).length,
  })
  const list = async () => ({ nodes: (await nodes.view()).map(withCount) })
  const schema = { response: { 200: Type.Object({ nodes: Type.Array(nodeSchema) }) } }

  app.get('/v1/nodes', { schema: { ...schema, summary: 'The nodes' } }, list)
  const action = (name: string, summary: string, act: (node: string) => void | Promise<void>) =>
    app.post<{ Params: { id: string } }>(
      `/v1/nodes/:id/${name}`,
      { schema: { ...schema, summary, params: idParams } },
      async ({ params }) => {
        await act(params.id)
        return list()
      },
    )
  action('cordon', 'Take no new sessions', (node) => nodes.cordon(node, true))
  action('uncordon', 'Take new sessions again', (node) => undrainNode(engine.domain, node))
  action('drain', 'Cordon, and mark the sessions of the node as Draining', (node) => drainNode(engine.domain, node))
}
