/** Listening, probes and the way down: unready, wait, drain, close. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import type { Logger } from './logger.ts'

export interface ServeOptions {
  host: string
  port: number
  metricsPort: number
  registry: Registry
  logger: Logger
  /** Milliseconds between "not ready" and the drain, so that load balancers stop sending. */
  drainDelayMs: number
  /** False, or a reason in words, when this replica should get no traffic. */
  ready?: () => Promise<true | string>
  /** Ends long-lived connections; awaited before the close. */
  drain?: () => Promise<void>
}

const metricsServer = (registry: Registry): Server =>
  createServer((_request, response) => {
    registry.metrics().then(
      (text) => response.setHeader('content-type', registry.contentType).end(text),
      (error) => response.writeHead(500).end(String(error)), // a collector's failure is no reason to end the service
    )
  })

/** Adds /healthz and /readyz, listens, and on SIGTERM or SIGINT goes down in order. Resolves when listening. */
export const serve = async (app: FastifyInstance, options: ServeOptions): Promise<void> => {
  const { logger } = options
  let draining = false
  app.get('/healthz', async () => ({ ok: true }))
  app.get('/readyz', async (_request, reply) => {
    const answer = draining ? 'draining' : ((await options.ready?.()) ?? true)
    return reply
      .code(answer === true ? 200 : 503)
      .send({ ready: answer === true, ...(answer === true ? {} : { reason: answer }) })
  })
  const metrics = metricsServer(options.registry)
  metrics.listen(options.metricsPort, options.host)
  await once(metrics, 'listening') // or the reason why not, such as a port in use
  await app.listen({ host: options.host, port: options.port })
  const down = async (signal: string): Promise<void> => {
    if (draining) return
    draining = true
    logger.info({ signal }, 'draining')
    await new Promise((done) => setTimeout(done, options.drainDelayMs))
    try {
      await options.drain?.()
    } catch (error) {
      logger.error({ err: error }, 'the drain failed; closing all the same')
    }
    metrics.close()
    await app.close()
    logger.info('closed')
    process.exit(0)
  }
  process.on('SIGTERM', () => void down('SIGTERM'))
  process.on('SIGINT', () => void down('SIGINT'))
}
