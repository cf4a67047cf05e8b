/** The HTTP side: routes as a list of plugins over the engine. */
import swagger from '@fastify/swagger'
import { answerWithProblems, serviceKey } from '@holdfast/service-kit'
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify'
import { authenticate } from './authenticate.ts'
import { automationRoute } from './automation-route.ts'
import { chartsRoute } from './charts-route.ts'
import { deathsRoute } from './deaths-route.ts'
import { createEngine, type Engine, type EngineOptions } from './engine.ts'
import { environmentRoute } from './environment-route.ts'
import { eventsRoute } from './events-route.ts'
import { extendRoute } from './extend-route.ts'
import { filesRoute } from './files-route.ts'
import { internalRoute } from './internal-route.ts'
import { nodesRoute } from './nodes-route.ts'
import { placementRoute } from './placement-route.ts'
import { poolsRoute } from './pools-route.ts'
import { reapRoute } from './reap-route.ts'
import { sessionsRoute } from './sessions-route.ts'
import { suspendRoute } from './suspend-route.ts'
import { templatesRoute } from './templates-route.ts'
import { ticketsRoute } from './tickets-route.ts'
import { updateRoute } from './update-route.ts'
import { usageRoute } from './usage-route.ts'
import { validateWithTypebox } from './validation.ts'

const MAX_BODY_BYTES = 1024 * 1024

interface ApiParts {
  engine: Engine
  key: string
  prometheusUrl: string
}

const api = async (app: FastifyInstance, { engine, key, prometheusUrl }: ApiParts): Promise<void> => {
  authenticate(app, key)
  await app.register(sessionsRoute, { engine })
  await app.register(automationRoute, { engine })
  await app.register(filesRoute, { engine })
  await app.register(deathsRoute, { engine })
  await app.register(environmentRoute, { engine })
  await app.register(extendRoute, { engine })
  await app.register(updateRoute, { engine })
  await app.register(suspendRoute, { engine })
  await app.register(ticketsRoute, { engine })
  await app.register(templatesRoute, { engine })
  await app.register(usageRoute, { engine })
  await app.register(nodesRoute, { engine })
  await app.register(poolsRoute, { engine })
  await app.register(reapRoute, { engine })
  await app.register(placementRoute, { engine })
  await app.register(chartsRoute, { metrics: engine.domain.metrics, prometheusUrl })
  await app.register(eventsRoute, { engine })
  await app.register(internalRoute, { engine })
  app.get('/v1/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

export interface OrchestratorOptions extends EngineOptions {
  /** Where charts come from; none by default. */
  prometheusUrl?: string
}

export const buildOrchestrator = async (
  options: OrchestratorOptions,
): Promise<{ app: FastifyInstance; engine: Engine }> => {
  const engine = createEngine(options)
  const app: FastifyInstance = fastify({
    loggerInstance: options.logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
  })
  answerWithProblems(app)
  validateWithTypebox(app)
  await app.register(swagger, {
    openapi: {
      info: { title: 'Holdfast', version: '0.1.0', description: 'Terminal sessions that hold.' },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      security: [{ key: [] }],
    },
  })
  await app.register(api, { engine, key: serviceKey(options.masterKey), prometheusUrl: options.prometheusUrl ?? '' })
  return { app, engine }
}
