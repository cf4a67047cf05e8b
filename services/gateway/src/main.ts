/** The gateway's process: configuration in, everything wired, listening. */
import { createMetrics, newLogger, serve } from '@holdfast/service-kit'
import { redisStore, storeConnection } from '@holdfast/session-store'
import { buildGateway } from './app.ts'
import { readConfig } from './config.ts'
import { METRICS } from './metrics.ts'

const config = readConfig(process.env)
const logger = newLogger('gateway', config.LOG_LEVEL)
const metrics = createMetrics(METRICS)

const redis = storeConnection(config.REDIS_URL)
redis.on('error', (error) => {
  metrics.holdfast_gateway_redis_errors_total.inc()
  logger.warn({ err: error }, 'redis')
})

const store = redisStore({ redis, cluster: config.HOLDFAST_CLUSTER })
const gateway = await buildGateway({ config, logger, metrics, store })
gateway.app.addHook('onClose', async () => redis.disconnect())

await serve(gateway.app, {
  host: config.HOLDFAST_BIND,
  port: config.PORT,
  metricsPort: config.METRICS_PORT,
  registry: metrics.registry,
  logger,
  drainDelayMs: config.DRAIN_DELAY_MS,
  drain: gateway.drain,
})
