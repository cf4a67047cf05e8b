/** How sessions ended, also those that are forgotten. */
import { deathPageSchema, HoldfastError, sessionId } from '@holdfast/protocol'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import type { Engine } from './engine.ts'
import { idParams } from './sessions-route.ts'

const limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 }))
const listQuery = Type.Object(
  { session: Type.Optional(Type.String()), limit, cursor: Type.Optional(Type.String({ maxLength: 512 })) },
  { additionalProperties: false },
)
const response = { 200: deathPageSchema }

export const deathsRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const { store } = engine.domain
  app.get<{ Querystring: { session?: string; limit: number; cursor?: string } }>(
    '/v1/deaths',
    { schema: { summary: 'How sessions ended, newest first', querystring: listQuery, response } },
    async ({ caller, query }) => store.deaths({ tenant: caller.tenant, ...query }),
  )
  app.get<{ Params: { id: string }; Querystring: { limit: number } }>(
    '/v1/sessions/:id/deaths',
    {
      schema: {
        summary: 'How the incarnations of a session ended, newest first; also after it was deleted',
        params: idParams,
        querystring: Type.Object({ limit }, { additionalProperties: false }),
        response,
      },
    },
    async ({ caller, params, query }) => {
      const session = sessionId(params.id)
      const page = await store.deaths({ tenant: caller.tenant, session, ...query })
      // None is an answer for a session that is there, and for no other.
      if (page.deaths.length === 0 && (await store.get(caller.tenant, session)) === null) {
        throw new HoldfastError('SESSION_NOT_FOUND', `no session ${session}`)
      }
      return page
    },
  )
}
