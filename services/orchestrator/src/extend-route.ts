/** More time for a session. */
import { type Extend, extendSchema, HoldfastError, hasEnded, sessionId, sessionSchema } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import type { FastifyPluginAsync } from 'fastify'
import type { Engine } from './engine.ts'
import { updateSpec } from './host-update.ts'
import { sessionView } from './session-view.ts'
import { idParams } from './sessions-route.ts'

/** Throws SESSION_ENDED and SESSION_STARTING: there is no time to extend yet, or no more. */
const extended = ({ id, phase, spec }: SessionRecord, { ttlSeconds, idleSeconds }: Extend) => {
  if (hasEnded(phase) || phase === 'stopping') throw new HoldfastError('SESSION_ENDED', `session ${id} is ${phase}`)
  if (phase === 'pending' || phase === 'starting')
    throw new HoldfastError('SESSION_STARTING', `session ${id} is ${phase}`)
  const expiresAt = ttlSeconds === undefined ? spec.expiresAt : new Date(Date.now() + ttlSeconds * 1000).toISOString()
  return { expiresAt, idleSeconds: idleSeconds ?? spec.idleSeconds }
}

export const extendRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  app.post<{ Params: { id: string }; Body: Extend }>(
    '/v1/sessions/:id/extend',
    {
      schema: {
        summary: 'Give a session more time, counted from now',
        params: idParams,
        body: extendSchema,
        response: { 200: sessionSchema },
      },
    },
    async ({ caller, params, body }) => {
      const found = await engine.lookup(caller.tenant, sessionId(params.id))
      const record = await updateSpec(engine.domain, found, extended(found, body))
      return sessionView(record, engine.domain.live.get(record.id)?.status ?? null)
    },
  )
}
