/** The charts of the orchestrator, and on them what only a gateway can measure, such as the echo. */
import { json } from 'node:stream/consumers'
import type { Charts } from '@holdfast/protocol'
import { mergeCharts, Sampler } from '@holdfast/service-kit'
import type { FastifyPluginAsync } from 'fastify'
import { forwardCall, passBack, type SessionsParts } from './sessions-route.ts'

export const chartsRoute: FastifyPluginAsync<SessionsParts> = async (app, parts) => {
  const sampler = new Sampler(parts.metrics.registry)
  app.addHook('onReady', async () => sampler.start())
  app.addHook('onClose', async () => sampler.stop())
  app.get('/v1/charts', { exposeHeadRoute: false }, async (request, reply) => {
    const answer = await forwardCall(request, reply, parts)
    if (answer.statusCode !== 200) {
      await passBack(answer, reply, parts.goingDown)
      return reply
    }
    const told = (await json(answer)) as Charts
    // Prometheus has been asked for those of the gateways, too.
    if (told.source === 'prometheus') return told
    return { ...told, charts: mergeCharts(told.charts, sampler.charts(told.times)) }
  })
}
