/** More time for a session: the record has the new limits first, then its host; a host out of reach hears of them when it is back. */
import { type Extend, extendSchema, HoldfastError, hasEnded, sessionId, sessionSchema } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import type { FastifyPluginAsync } from 'fastify'
import { guardOf, refOf } from './domain.ts'
import type { Engine } from './engine.ts'
import { limitsOf } from './lifetime.ts'
import { sessionView } from './session-view.ts'
import { idParams } from './sessions-route.ts'

/** Throws SESSION_ENDED and SESSION_STARTING: there is no time to extend yet, or no more. */
const extended = ({ id, phase, spec }: SessionRecord, { ttlSeconds, idleSeconds }: Extend): SessionRecord['spec'] => {
  if (hasEnded(phase) || phase === 'stopping') throw new HoldfastError('SESSION_ENDED', `session ${id} is ${phase}`)
  if (phase === 'pending' || phase === 'starting')
    throw new HoldfastError('SESSION_STARTING', `session ${id} is ${phase}`)
  const expiresAt = ttlSeconds === undefined ? spec.expiresAt : new Date(Date.now() + ttlSeconds * 1000).toISOString()
  return { ...spec, expiresAt, idleSeconds: idleSeconds ?? spec.idleSeconds }
}

export const extendRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const { store, hosts, jobs, live, logger } = engine.domain

  /** At once where the host answers; the converge tells one that does not. */
  const tell = async (record: SessionRecord): Promise<void> => {
    const { hostId, address, id, fence } = record
    if (hostId === null || address === null) return
    try {
      live.heard(id, await hosts.limit({ hostId, address, session: id, fence }, limitsOf(record)))
    } catch (error) {
      logger.info({ err: error, session: id }, 'the host did not take its new limits yet')
    }
    await jobs.converge(refOf(record))
  }

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
      const spec = extended(found, body)
      const record = await store.transition(found.tenant, found.id, guardOf(found), { spec })
      await tell(record)
      return sessionView(record, live.get(record.id)?.status ?? null)
    },
  )
}
