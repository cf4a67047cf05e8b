/** Another name and other labels for a session, in any phase. */
import { patched, sessionId, sessionSchema, type Update, updateSchema } from '@holdfast/protocol'
import type { FastifyPluginAsync } from 'fastify'
import type { Engine } from './engine.ts'
import { updateSpec } from './host-update.ts'
import { sessionView } from './session-view.ts'
import { idParams } from './sessions-route.ts'

export const updateRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  app.patch<{ Params: { id: string }; Body: Update }>(
    '/v1/sessions/:id',
    {
      schema: {
        summary: 'Rename a session, set and remove labels',
        params: idParams,
        body: updateSchema,
        response: { 200: sessionSchema },
      },
    },
    async ({ caller, params, body }) => {
      const found = await engine.lookup(caller.tenant, sessionId(params.id))
      const record = await updateSpec(engine.domain, found, patched(found.spec, body))
      return sessionView(record, engine.domain.live.get(record.id)?.status ?? null)
    },
  )
}
