/** For operators: where a session would go now, and why a session is where it is. */
import { placementSchema, sessionId } from '@holdfast/protocol'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import { requireOperator } from './authenticate.ts'
import type { Engine } from './engine.ts'
import { hostLimits } from './host-spec.ts'
import { idParams, labelsOf } from './sessions-route.ts'

const query = Type.Object(
  {
    template: Type.Optional(Type.String({ maxLength: 64 })),
    label: Type.Optional(
      Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 16 })], {
        description: '`key=value` that the node must have, repeatable',
      }),
    ),
  },
  { additionalProperties: false },
)
interface Query {
  template?: string
  label?: string | string[]
}
const nullableText = Type.Union([Type.String(), Type.Null()])
const madeSchema = Type.Object({ node: nullableText, reason: nullableText })

export const placementRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const { placer, templates, region } = engine.domain
  app.addHook('onRequest', requireOperator)

  app.get<{ Querystring: Query }>(
    '/v1/placement',
    {
      schema: {
        summary: 'Where a session of a template would go now, and why not elsewhere',
        querystring: query,
        response: { 200: placementSchema },
      },
    },
    async ({ query: { template: name, label } }) => {
      const template = name === undefined ? templates.default : templates.get(name)
      const { image = '', network = true, limits = {} } = template
      const nodeSelector = { ...template.nodeSelector, ...labelsOf(label) }
      return placer.explain({
        image,
        network,
        limits: hostLimits(limits),
        spec: { template: template.name, region, nodeSelector },
      })
    },
  )
  app.get<{ Params: { id: string } }>(
    '/v1/sessions/:id/placement',
    { schema: { summary: 'The node of a session, and why it', params: idParams, response: { 200: madeSchema } } },
    async ({ caller, params }) => {
      const { node, placement } = await engine.lookup(caller.tenant, sessionId(params.id))
      return { node, reason: placement }
    },
  )
}
