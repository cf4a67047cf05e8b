/** Everything under /v1 but attach: authenticated here, answered by the orchestrator. */
import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { HoldfastError } from '@holdfast/protocol'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Authorizer, Caller } from './authorize.ts'
import { type Forward, maxBodyOf, responseHeaders } from './forward.ts'
import type { GatewayMetrics } from './metrics.ts'
import { principalToken } from './orchestrator.ts'
import { checkOrigin } from './origin.ts'

export interface SessionsParts {
  authorizer: Authorizer
  origins: readonly string[]
  forward: Forward
  masterKey: string
  metrics: GatewayMetrics
  /** Aborted when the gateway goes down: event streams have no end of their own. */
  goingDown: AbortSignal
}

/** An answer may hold what a program in a session wrote (`screen?format=html`): it must never act as a page of the console's origin. */
const HARMLESS = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  'x-content-type-options': 'nosniff',
}

/** Dot segments are resolved before the check, so that nothing beside /v1 can be reached. */
const pathOf = (url: string): string => {
  const { pathname, search } = new URL(url, 'http://gateway')
  if (!pathname.startsWith('/v1/')) throw new HoldfastError('NOT_FOUND', 'nothing at this path')
  return pathname + search
}

const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD' || method === 'OPTIONS'

const checkCaller = ({ headers, method, url }: FastifyRequest, { authorizer, origins }: SessionsParts): Caller => {
  const caller = authorizer.caller(headers)
  if (caller.credential === 'cookie' && !isSafe(method)) checkOrigin(headers, origins, true)
  const maxBytes = maxBodyOf(method, url)
  if (Number(headers['content-length'] ?? 0) > maxBytes) {
    throw new HoldfastError('TOO_LARGE', `the body is above ${maxBytes} bytes`)
  }
  return caller
}

/** Headers go out at once, also of a stream whose first event is far away. */
export const passBack = async (answer: IncomingMessage, reply: FastifyReply, goingDown: AbortSignal): Promise<void> => {
  reply.hijack()
  reply.raw.writeHead(answer.statusCode ?? 502, { ...responseHeaders(answer.headers), ...HARMLESS })
  reply.raw.flushHeaders()
  const isStream = answer.headers['content-type']?.startsWith('text/event-stream') ?? false
  await pipeline(answer, reply.raw, isStream ? { signal: goingDown } : {})
}

/** The orchestrator's answer to the request, asked in the name of who sent it. Throws as the authorizer and `forward` do. */
export const forwardCall = async (
  request: FastifyRequest,
  reply: FastifyReply,
  parts: SessionsParts,
): Promise<IncomingMessage> => {
  const caller = checkCaller(request, parts)
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const answer = await parts.forward({
    method: request.method,
    path: pathOf(request.url),
    headers: request.headers,
    token: principalToken(parts.masterKey, caller),
    body: request.body as AsyncIterable<Buffer> | undefined,
    signal: gone.signal,
  })
  parts.metrics.holdfast_gateway_forwarded_total.inc({ status: `${Math.trunc((answer.statusCode ?? 0) / 100)}xx` })
  return answer
}

export const sessionsRoute: FastifyPluginAsync<SessionsParts> = async (app, parts) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload)) // bodies pass as streams, unparsed
  app.all('/v1/*', async (request, reply) => {
    const answer = await forwardCall(request, reply, parts)
    await passBack(answer, reply, parts.goingDown).catch((error: unknown) => {
      request.log.debug({ err: error }, 'the answer was not taken to its end')
    })
    return reply
  })
}
