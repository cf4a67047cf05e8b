/** Starts the orchestrator: configuration, connections, HTTP. */
import { dockerRuntime, processRuntime } from '@holdfast/runtime'
import { createMetrics, newLogger, serve } from '@holdfast/service-kit'
import { checkPolicy, redisStore, storeConnection } from '@holdfast/session-store'
import { buildOrchestrator } from './app.ts'
import { readConfig } from './config.ts'
import { bullJobs } from './jobs.ts'
import { METRICS } from './metrics.ts'
import { producerConnection, workerConnection } from './redis-connections.ts'
import { readTemplates } from './templates.ts'

const config = readConfig(process.env)
const logger = newLogger('orchestrator', config.LOG_LEVEL)
const metrics = createMetrics(METRICS)
const redis = storeConnection(config.REDIS_URL)
const { HOLDFAST_CLUSTER: cluster, HOLDFAST_HOSTS_DIR: hostsDir } = config
const place = { cluster, node: 'local', hostsDir }
const runtime =
  config.HOLDFAST_RUNTIME === 'docker'
    ? dockerRuntime({ ...place, guardImage: config.HOLDFAST_GUARD_IMAGE })
    : processRuntime({ ...place, command: config.HOLDFAST_HOST_COMMAND, env: process.env })
const connections = {
  producer: () => producerConnection(config.REDIS_URL),
  worker: () => workerConnection(config.REDIS_URL),
}
const { app, engine } = await buildOrchestrator({
  store: redisStore({ redis, cluster }),
  checkStore: () => checkPolicy(redis, config.HOLDFAST_ALLOW_EVICTION),
  runtimes: [runtime],
  jobs: bullJobs({ connections, cluster, logger, metrics }),
  templates: readTemplates(config.HOLDFAST_TEMPLATES_FILE),
  metrics,
  logger,
  masterKey: config.HOLDFAST_MASTER_KEY_FILE,
  cluster,
  region: config.HOLDFAST_REGION,
  retentionMs: config.HOLDFAST_RETENTION_SECONDS * 1000,
})
app.addHook('onClose', async () => redis.disconnect())
await serve(app, {
  host: config.HOLDFAST_BIND,
  port: config.PORT,
  metricsPort: config.METRICS_PORT,
  registry: metrics.registry,
  logger,
  drainDelayMs: config.DRAIN_DELAY_MS,
  ready: async () => engine.ready(),
  drain: () => engine.drain(),
})
await engine.start()
