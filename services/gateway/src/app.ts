/** The gateway put together: routes, the upgrade handler, and the way down. */
import { setTimeout as delay } from 'node:timers/promises'
import { ERRORS } from '@holdfast/protocol'
import { answerWithProblems, type Logger } from '@holdfast/service-kit'
import type { SessionStore } from '@holdfast/session-store'
import { type FastifyInstance, fastify, LogController } from 'fastify'
import { attachRoute } from './attach-route.ts'
import { Attachments } from './attachments.ts'
import { Authorizer } from './authorize.ts'
import { chartsRoute } from './charts-route.ts'
import type { Config } from './config.ts'
import { consoleRoute } from './console-route.ts'
import { isUpload, newForward } from './forward.ts'
import { Keys } from './keys.ts'
import { loginRoute } from './login-route.ts'
import type { GatewayMetrics } from './metrics.ts'
import { newLocate, newWake } from './orchestrator.ts'
import { Resolver } from './resolve.ts'
import { sessionsRoute } from './sessions-route.ts'

/** Headers and bodies must come within these; upgraded connections are not meant. Of a file something must come within the latter. */
const HEADERS_TIMEOUT_MS = 10_000
const BODY_TIMEOUT_MS = 60_000
const UPLOAD_TIMEOUT_MS = 60 * 60 * 1000
/** At the end of a drain, requests still under way get so long. */
const LAST_REQUESTS_MS = 5000
/** Asked every few seconds; not worth a line. */
const PROBES = new Set(['/healthz', '/readyz'])

export interface GatewayParts {
  config: Config
  logger: Logger
  metrics: GatewayMetrics
  store: Pick<SessionStore, 'get' | 'takeTicket'>
}
export interface Gateway {
  app: FastifyInstance
  /** Ends attachments and event streams; resolves when the last attachment is closed. */
  drain: () => Promise<void>
}

const newServer = (logger: Logger): FastifyInstance =>
  fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }), // one line each, by logRequests
    requestTimeout: UPLOAD_TIMEOUT_MS,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: 2000,
      // Others, like the h2c that curl --http2 offers, are plain requests (RFC 9110 §7.8: a server may ignore Upgrade).
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
  }) as unknown as FastifyInstance

const limitBodies = (app: FastifyInstance): void => {
  app.addHook('onRequest', async ({ raw, method, url }) => {
    if (isUpload(method, url)) {
      raw.setTimeout(BODY_TIMEOUT_MS)
      return
    }
    if (raw.headers['content-length'] === undefined && raw.headers['transfer-encoding'] === undefined) return
    const timer = setTimeout(() => raw.destroy(), BODY_TIMEOUT_MS)
    for (const event of ['end', 'close']) raw.once(event, () => clearTimeout(timer))
  })
}

const countErrors = (app: FastifyInstance, metrics: GatewayMetrics): void => {
  app.addHook('preSerialization', async (_request, reply, payload) => {
    const { code } = (payload ?? {}) as { code?: unknown }
    if (reply.statusCode >= 400 && typeof code === 'string' && code in ERRORS) {
      metrics.holdfast_gateway_http_errors_total.inc({ code })
    }
    if (reply.statusCode === 401) reply.header('www-authenticate', 'Bearer')
    return payload
  })
}

const logRequests = (app: FastifyInstance): void => {
  app.addHook('onResponse', async ({ method, url, log }, reply) => {
    const path = url.split('?')[0] ?? ''
    if (PROBES.has(path)) return
    log.info({ method, path, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'request')
  })
}

export const buildGateway = async ({ config, logger, metrics, store }: GatewayParts): Promise<Gateway> => {
  const { HOLDFAST_MASTER_KEY_FILE: masterKey, HOLDFAST_ORIGINS: origins, ORCHESTRATOR_URL: url } = config
  const app = newServer(logger)
  const authorizer = new Authorizer(new Keys(config.HOLDFAST_KEYS_FILE, logger), store, masterKey)
  const attachments = new Attachments(config.HOLDFAST_MAX_SOCKETS)
  const resolver = new Resolver({ store, locate: newLocate(url, masterKey), wake: newWake(url, masterKey) })
  const { forward, close } = newForward(url)
  const down = new AbortController()
  limitBodies(app)
  answerWithProblems(app)
  countErrors(app, metrics)
  logRequests(app)
  attachRoute(app, { authorizer, attachments, origins, resolver, masterKey, metrics, logger })
  await app.register(loginRoute, { authorizer, origins })
  const forwarding = { authorizer, origins, forward, masterKey, metrics, goingDown: down.signal }
  await app.register(chartsRoute, forwarding)
  await app.register(sessionsRoute, forwarding)
  await app.register(consoleRoute, { dir: config.HOLDFAST_CONSOLE_DIR })
  app.addHook('preClose', async () => {
    down.abort()
    void delay(LAST_REQUESTS_MS, undefined, { ref: false }).then(() => app.server.closeAllConnections())
  })
  app.addHook('onClose', async () => {
    attachments.stop()
    close()
  })
  const drain = async (): Promise<void> => {
    down.abort()
    await attachments.drain()
  }
  return { app, drain }
}
