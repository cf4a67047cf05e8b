/** For operators: the last hour in numbers, of this service or, where one is configured, of Prometheus. */
import { CHART_MINUTES, type Charts, chartsSchema } from '@holdfast/protocol'
import { chartTimes, prometheusCharts, Sampler } from '@holdfast/service-kit'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import { requireOperator } from './authenticate.ts'
import type { OrchestratorMetrics } from './metrics.ts'

export interface ChartsParts {
  metrics: OrchestratorMetrics
  /** Empty: there is none. */
  prometheusUrl: string
}

const query = Type.Object(
  { minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: CHART_MINUTES, default: CHART_MINUTES })) },
  { additionalProperties: false },
)

export const chartsRoute: FastifyPluginAsync<ChartsParts> = async (app, { metrics, prometheusUrl }) => {
  const sampler = new Sampler(metrics.registry)
  app.addHook('onReady', async () => sampler.start())
  app.addHook('onClose', async () => sampler.stop())
  app.addHook('onRequest', requireOperator)

  const read = async (times: number[]): Promise<Charts> => {
    const own = () => ({ source: 'services' as const, times, charts: sampler.charts(times) })
    if (prometheusUrl === '') return own()
    try {
      return { source: 'prometheus', times, charts: await prometheusCharts(prometheusUrl, times) }
    } catch (error) {
      return { ...own(), fault: (error as Error).message }
    }
  }
  app.get<{ Querystring: { minutes: number } }>(
    '/v1/charts',
    {
      schema: {
        summary: 'Sessions, creates, echo, queue, memory and errors of the last minutes',
        querystring: query,
        response: { 200: chartsSchema },
      },
    },
    ({ query: { minutes } }) => read(chartTimes(minutes, Date.now())),
  )
}
