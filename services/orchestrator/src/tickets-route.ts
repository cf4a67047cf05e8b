/** Tickets: short-lived rights to attach, for browsers and share links. */
import { randomBytes } from 'node:crypto'
import { HoldfastError, sessionId, type Ticket, ticketSchema } from '@holdfast/protocol'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import type { Engine } from './engine.ts'
import { idParams } from './sessions-route.ts'

const TICKET_BYTES = 32

const answerSchema = Type.Object({
  ticket: Type.String({ description: 'shown once; only a hash is stored' }),
  mode: Type.Union([Type.Literal('rw'), Type.Literal('ro')]),
  uses: Type.Integer(),
  expiresAt: Type.String(),
})

export const ticketsRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  app.post<{ Params: { id: string }; Body: { mode: 'rw' | 'ro'; ttlSeconds: number; uses: number } }>(
    '/v1/sessions/:id/tickets',
    {
      schema: {
        summary: 'Make a ticket to attach',
        params: idParams,
        body: ticketSchema,
        response: { 201: answerSchema },
      },
    },
    async ({ caller, params, body }, reply) => {
      const { id, tenant, endedAt, hostId } = await engine.lookup(caller.tenant, sessionId(params.id))
      if (endedAt !== null && hostId === null) throw new HoldfastError('SESSION_ENDED', `session ${id} has ended`)
      const ticket = randomBytes(TICKET_BYTES).toString('base64url')
      const { mode, uses, ttlSeconds } = body
      const grant = { tenant, session: id, principal: caller.principal, mode }
      await engine.domain.store.putTicket(ticket, grant, ttlSeconds * 1000, uses)
      const expiresAt = new Date(Date.now() + ttlSeconds * 1000).toISOString()
      const answer: Ticket = { ticket, mode, uses, expiresAt }
      return reply.code(201).send(answer)
    },
  )
}
