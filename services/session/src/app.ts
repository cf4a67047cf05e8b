/** Puts the host together: its gate, its HTTP interface and its attach route on one server. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { ATTACH_TIMEOUT_MS, HoldfastError } from '@holdfast/protocol'
import type { Logger } from '@holdfast/service-kit'
import { attachRoute } from './attach-route.ts'
import { readBody } from './bodies.ts'
import { serveFile } from './file-route.ts'
import { Gate } from './gate.ts'
import type { Host } from './host.ts'
import { answerProblem, asHoldfastError } from './http-problem.ts'
import { SESSION_ROUTES } from './session-route.ts'
import { watchStatus } from './watch.ts'

export interface AppParts {
  host: Host
  hostId: string
  hostKey: string
  logger: Logger
  attachTimeoutMs?: number
}

/** A file may take longer than anything else that is sent here. */
const MAX_REQUEST_MS = 60 * 60 * 1000
/** A watcher that does not read gets no more than this. */
const MAX_WATCH_BYTES = 1024 * 1024

const serveWatch = (host: Host, response: ServerResponse, gone: AbortSignal): void => {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  const tell = (status: object) => {
    response.write(`${JSON.stringify(status)}\n`)
    if (response.writableLength > MAX_WATCH_BYTES) response.destroy()
  }
  watchStatus(host, tell, gone)
}

const answerRequest = async (
  { host, gate }: { host: Host; gate: Gate },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const url = new URL(request.url ?? '/', 'http://host')
  const route = `${request.method} ${url.pathname}`
  if (route === 'GET /healthz' || route === 'GET /readyz') {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ready":true}')
    return
  }
  const handler = Object.hasOwn(SESSION_ROUTES, route) ? SESSION_ROUTES[route] : undefined
  const isFile = route === 'GET /files' || route === 'PUT /files'
  if (handler === undefined && !isFile && route !== 'GET /watch')
    throw new HoldfastError('NOT_FOUND', `nothing at ${route}`)
  const admission = gate.admit(request.headers.authorization, 'manage', route === 'POST /claim' ? null : host.claim)
  if (isFile) return serveFile(host, request, response, url.searchParams)
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  if (handler === undefined) return serveWatch(host, response, gone.signal)
  const body = request.method === 'POST' ? await readBody(request) : {}
  const answer = await handler({ host, admission, query: url.searchParams, body, gone: gone.signal })
  const headers = { 'content-type': answer.type, 'content-length': Buffer.byteLength(answer.body), ...answer.headers }
  response.writeHead(200, headers).end(answer.body)
}

export const buildHost = ({ host, hostId, hostKey, logger, attachTimeoutMs = ATTACH_TIMEOUT_MS }: AppParts): Server => {
  const gate = new Gate(hostId, hostKey)
  const server = createServer({ requestTimeout: MAX_REQUEST_MS }, (request, response) => {
    answerRequest({ host, gate }, request, response).catch((thrown: unknown) => {
      const error = asHoldfastError(thrown)
      if (error.code === 'INTERNAL') logger.error({ err: thrown }, 'request failed')
      if (response.headersSent) response.destroy()
      else answerProblem(response, error)
    })
  })
  server.on('upgrade', attachRoute({ host, gate, logger, attachTimeoutMs }))
  return server
}
