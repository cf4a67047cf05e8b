/** For gateways: where a session's host is. Answered from memory, so that attaching works while Redis is away. */
import { HoldfastError, sessionId } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import type { FastifyPluginAsync } from 'fastify'
import type { Engine } from './engine.ts'
import { idParams } from './sessions-route.ts'

export interface Resolved {
  tenant: string
  session: string
  fence: number
  hostId: string | null
  address: string | null
  phase: SessionRecord['phase']
}

export const resolved = ({ tenant, id, fence, hostId, address, phase }: SessionRecord): Resolved => ({
  tenant,
  session: id,
  fence,
  hostId,
  address,
  phase,
})

/** The gateway compares the tenant: a ticket's holder is not the session's owner. */
export const internalRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  app.get<{ Params: { id: string } }>(
    '/internal/resolve/:id',
    { schema: { hide: true, params: idParams } },
    async ({ caller, params }) => {
      const id = sessionId(params.id)
      const known = engine.domain.live.get(id)
      if (known !== undefined) return resolved(known.record)
      const record = await engine.domain.store.get(caller.tenant, id)
      if (record === null) throw new HoldfastError('SESSION_NOT_FOUND', `no session ${id}`)
      return resolved(record)
    },
  )
}
