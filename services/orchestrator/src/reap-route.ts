/** For operators: what the reconciler would remove and why, and the word that lifts its bounds. */
import { reapedSchema, reapListSchema, reapSchema } from '@holdfast/protocol'
import type { FastifyPluginAsync } from 'fastify'
import { requireOperator } from './authenticate.ts'
import type { Engine } from './engine.ts'

export const reapRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  app.addHook('onRequest', requireOperator)
  app.get(
    '/v1/reap',
    {
      schema: { summary: 'Hosts that are nobody’s: what would be removed, and why', response: { 200: reapListSchema } },
    },
    async () => engine.reconciler.preview(),
  )
  app.post<{ Body: { confirm: 'all' | string[] } }>(
    '/v1/reap',
    {
      schema: {
        summary: 'Remove exactly these hosts, if they are still nobody’s, however many they are',
        body: reapSchema,
        response: { 200: reapedSchema },
      },
    },
    async ({ body: { confirm }, caller, log }) => {
      await engine.recover()
      const reaped = await engine.reconciler.reap(confirm === 'all' ? confirm : new Set(confirm))
      log.warn({ operator: caller.principal, confirm, ...reaped }, 'an operator had hosts removed')
      return reaped
    },
  )
}
