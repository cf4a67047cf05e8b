/** Starts the orchestrator: configuration, connections, HTTP. */
import { createMetrics, newLogger, serve } from '@holdfast/service-kit'
import { checkPolicy, nodeStore, redisStore, storeConnection, warmHosts } from '@holdfast/session-store'
import { buildOrchestrator } from './app.ts'
import { readConfig } from './config.ts'
import { bullJobs } from './jobs.ts'
import { METRICS } from './metrics.ts'
import { readNodes } from './node-file.ts'
import { runtimeMaker } from './node-runtime.ts'
import { readQuotas } from './quotas.ts'
import { producerConnection, workerConnection } from './redis-connections.ts'
import { readTemplates } from './templates.ts'

const config = readConfig(process.env)
const logger = newLogger('orchestrator', config.LOG_LEVEL)
const metrics = createMetrics(METRICS)
const redis = storeConnection(config.REDIS_URL)
const { HOLDFAST_CLUSTER: cluster } = config
const connections = {
  producer: () => producerConnection(config.REDIS_URL),
  worker: () => workerConnection(config.REDIS_URL),
}
const { app, engine } = await buildOrchestrator({
  store: redisStore({ redis, cluster }),
  warm: warmHosts({ redis, cluster }),
  checkStore: () => checkPolicy(redis, config.HOLDFAST_ALLOW_EVICTION),
  nodeStore: nodeStore({ redis, cluster }),
  nodes: readNodes(config.HOLDFAST_NODES_FILE),
  runtimeOf: runtimeMaker(config, process.env),
  rules: { strategy: config.HOLDFAST_PLACEMENT, cpuOvercommit: config.HOLDFAST_CPU_OVERCOMMIT },
  jobs: bullJobs({ connections, cluster, logger, metrics }),
  templates: readTemplates(config.HOLDFAST_TEMPLATES_FILE),
  quotas: readQuotas(config.HOLDFAST_QUOTAS_FILE),
  metrics,
  logger,
  masterKey: config.HOLDFAST_MASTER_KEY_FILE,
  cluster,
  region: config.HOLDFAST_REGION,
  retentionMs: config.HOLDFAST_RETENTION_SECONDS * 1000,
  nodeLostMs: config.HOLDFAST_NODE_LOST_SECONDS * 1000,
  nodeReplaceMs: Math.max(config.HOLDFAST_NODE_REPLACE_SECONDS, config.HOLDFAST_NODE_LOST_SECONDS) * 1000,
  deathsMs: config.HOLDFAST_DEATHS_SECONDS * 1000,
  prometheusUrl: config.PROMETHEUS_URL,
  failPoint: config.HOLDFAST_FAIL_POINT,
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
