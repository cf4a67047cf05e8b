/** Suspend and resume, for users; and for gateways: wake the session that someone attaches to. */
import { HoldfastError, hasEnded, type Phase, sessionId, sessionSchema, suspendSchema } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { refOf } from './domain.ts'
import type { Engine } from './engine.ts'
import { resolved } from './internal-route.ts'
import { sessionView } from './session-view.ts'
import { idParams } from './sessions-route.ts'
import { settle } from './settle.ts'
import { wantSuspended } from './suspending.ts'

/** A gateway that waits for a session to wake waits a little longer than this. */
const WAIT_MS = 20_000

type ById = { Params: { id: string } }

/** Throws SESSION_ENDED and SESSION_STARTING. */
const requireLife = ({ id, phase }: SessionRecord): void => {
  if (hasEnded(phase) || phase === 'stopping') throw new HoldfastError('SESSION_ENDED', `session ${id} is ${phase}`)
  if (phase === 'pending' || phase === 'starting')
    throw new HoldfastError('SESSION_STARTING', `session ${id} is ${phase}`)
}

export const suspendRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const { domain, draining } = engine
  const find = ({ caller, params }: FastifyRequest<ById>) => engine.lookup(caller.tenant, sessionId(params.id))

  /** The record when it has reached the phase, or what it is by then. */
  const reach = async (record: SessionRecord, ...phases: Phase[]): Promise<SessionRecord> => {
    const done = (now: SessionRecord | null) => now === null || phases.includes(now.phase) || hasEnded(now.phase)
    const now = await settle(domain, refOf(record), done, WAIT_MS, draining)
    if (now === null) throw new HoldfastError('SESSION_NOT_FOUND', `session ${record.id} was deleted`)
    return now
  }
  const wake = async (record: SessionRecord): Promise<SessionRecord> => {
    if (record.phase === 'running' || record.phase === 'suspended') await wantSuspended(domain, record, null)
    return reach(record, 'running')
  }
  const view = (record: SessionRecord) => sessionView(record, domain.live.get(record.id)?.status ?? null)
  const answer = { params: idParams, response: { 200: sessionSchema } }

  app.post<ById & { Body: { freeze: boolean } }>(
    '/v1/sessions/:id/suspend',
    { schema: { summary: 'Stop or freeze a session until someone attaches', body: suspendSchema, ...answer } },
    async (request) => {
      const record = await find(request)
      requireLife(record)
      const how = request.body.freeze ? 'freeze' : 'stop'
      if (how === 'freeze' && domain.nodes.runtime(record.node)?.freeze === undefined) {
        throw new HoldfastError(
          'BAD_REQUEST',
          `the ${record.runtime} runtime cannot freeze sessions; suspend it without`,
        )
      }
      if (record.phase === 'suspended' && record.suspend === how) return view(record)
      if (record.phase === 'suspended')
        throw new HoldfastError('BAD_REQUEST', 'it is suspended otherwise; resume it first')
      return view(await reach(await wantSuspended(domain, record, how), 'suspended'))
    },
  )

  app.post<ById>(
    '/v1/sessions/:id/resume',
    { schema: { summary: 'Let a suspended session go on, or start its command anew', ...answer } },
    async (request) => {
      const record = await find(request)
      requireLife(record)
      return view(await wake(record))
    },
  )

  app.post<ById>('/internal/wake/:id', { schema: { hide: true, params: idParams } }, async (request) =>
    resolved(await wake(await find(request))),
  )
}
