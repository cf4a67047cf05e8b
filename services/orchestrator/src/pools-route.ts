/** For operators: the warm pools, what keeps them from being filled, and another try for one that stopped. */
import { HoldfastError, type PoolState, poolStateSchema } from '@holdfast/protocol'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import { requireOperator } from './authenticate.ts'
import type { Engine } from './engine.ts'
import { wantedSize } from './pool-size.ts'
import { poolsOf } from './warm-pool.ts'

const templateParams = Type.Object({ template: Type.String() })

export const poolsRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const { domain } = engine
  const { warm, nodes, jobs } = domain
  app.addHook('onRequest', requireOperator)

  const places = () =>
    [...poolsOf(domain)].flatMap(([pool, { spec, config }]) =>
      nodes.runtimes().map(({ node }) => ({ place: { pool, node }, template: spec.template, config })),
    )
  const view = async ({ place, template, config }: ReturnType<typeof places>[number]): Promise<PoolState> => {
    const [ready, demand, setback] = await Promise.all([warm.ready(place), warm.demand(place), warm.setback(place)])
    const state = setback === null ? 'ok' : setback.until === null ? 'stopped' : 'backing-off'
    return {
      template,
      node: place.node,
      wanted: wantedSize(config, demand, Date.now()),
      waiting: ready.length,
      state,
      failures: setback?.failures ?? 0,
      ...(setback === null ? {} : { error: setback.error }),
      ...(setback?.until == null ? {} : { retryAt: new Date(setback.until).toISOString() }),
    }
  }
  const list = async () => ({ pools: await Promise.all(places().map(view)) })
  const response = { 200: Type.Object({ pools: Type.Array(poolStateSchema) }) }

  app.get('/v1/pools', { schema: { summary: 'The warm pools, one entry a node', response } }, list)
  app.post<{ Params: { template: string } }>(
    '/v1/pools/:template/reset',
    { schema: { summary: 'Forget the failures of a pool and fill it now', params: templateParams, response } },
    async ({ params }) => {
      const own = places().filter(({ template }) => template === params.template)
      if (own.length === 0) throw new HoldfastError('UNKNOWN_TEMPLATE', `no template "${params.template}" has a pool`)
      for (const { place } of own) {
        await warm.setSetback(place, null)
        await jobs.fill(place.node)
      }
      return list()
    },
  )
}
