/** The environment of a session, for who made it: no list and no other call tells it. */
import { claimSchema, HoldfastError, hasEnded, sessionId } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import { type Domain, targetOf } from './domain.ts'
import type { Engine } from './engine.ts'
import { idParams } from './sessions-route.ts'

/** While it runs its host alone knows it; the index has it while it is suspended. Throws SESSION_ENDED, SESSION_STARTING, SESSION_SUSPENDED of a frozen one, and HOST_UNREACHABLE. */
const environmentOf = async ({ hosts }: Domain, record: SessionRecord): Promise<Record<string, string>> => {
  const { id, phase, spec, suspend } = record
  if (hasEnded(phase) || phase === 'stopping') throw new HoldfastError('SESSION_ENDED', `session ${id} is ${phase}`)
  if (suspend === 'freeze') throw new HoldfastError('SESSION_SUSPENDED', `session ${id} is frozen; resume it first`)
  if (phase === 'suspended') return spec.env
  const target = phase === 'running' ? targetOf(record) : null
  if (target === null) throw new HoldfastError('SESSION_STARTING', `session ${id} is ${phase}`)
  return hosts.environment(target)
}

export const environmentRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const { domain } = engine
  app.get<{ Params: { id: string } }>(
    '/v1/sessions/:id/environment',
    {
      schema: {
        summary: 'The environment that its maker gave a session; for the maker alone',
        params: idParams,
        response: { 200: Type.Object({ env: claimSchema.properties.env }) },
      },
    },
    async ({ caller, params }, reply) => {
      const record = await engine.lookup(caller.tenant, sessionId(params.id))
      if (record.principal !== caller.principal)
        throw new HoldfastError('FORBIDDEN', `only ${record.principal}, who made the session, may read its environment`)
      const given = domain.templates.find(record.spec.template)?.env ?? {}
      const env = Object.entries(await environmentOf(domain, record)).filter(([name, value]) => given[name] !== value)
      return reply.header('cache-control', 'no-store').send({ env: Object.fromEntries(env) })
    },
  )
}
