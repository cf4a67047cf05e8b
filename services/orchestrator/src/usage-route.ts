/** What the caller's tenant uses of its quota. */
import { type Usage, usageSchema } from '@holdfast/protocol'
import type { FastifyPluginAsync } from 'fastify'
import type { Engine } from './engine.ts'

export const usageRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const { store, quotas } = engine.domain
  app.get(
    '/v1/usage',
    { schema: { summary: 'What the live sessions of the tenant use, and its quota', response: { 200: usageSchema } } },
    async ({ caller: { tenant } }): Promise<Usage> => ({
      tenant,
      used: await store.usage(tenant),
      quota: quotas.of(tenant),
    }),
  )
}
