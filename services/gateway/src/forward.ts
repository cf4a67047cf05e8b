/** One HTTP request passed on to the orchestrator and its answer passed back, as streams. */
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request as newRequest } from 'node:http'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { HoldfastError, MAX_FILE_BYTES } from '@holdfast/protocol'

const MAX_BODY_BYTES = 1024 * 1024
const FILES = /^\/v1\/sessions\/[^/?]+\/files(\?|$)/
const CONNECT_TIMEOUT_MS = 2000
/** Idle connections kept. Those in use are not limited: event streams would use a limit up and lock all others out. */
const MAX_IDLE_SOCKETS = 64

/** What the orchestrator may hear from a caller. Credentials and hop-by-hop headers are not in the list, nor is anything that is not known. */
const PASSED_ON = [
  'accept',
  'content-type',
  'content-length',
  'idempotency-key',
  'if-none-match',
  'last-event-id',
  'prefer',
  'user-agent',
]
/** RFC 9110 §7.6.1, and what only the gateway may set. */
const NOT_PASSED_BACK = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

export const isUpload = (method: string, path: string): boolean => method === 'PUT' && FILES.test(path)
/** Of one request, bytes. */
export const maxBodyOf = (method: string, path: string): number =>
  isUpload(method, path) ? MAX_FILE_BYTES : MAX_BODY_BYTES

export interface Outgoing {
  method: string
  /** Path and query. */
  path: string
  headers: IncomingHttpHeaders
  token: string
  body: AsyncIterable<Buffer> | undefined
  signal: AbortSignal
}
export type Forward = (outgoing: Outgoing) => Promise<IncomingMessage>

const requestHeaders = ({ headers, token }: Outgoing): Record<string, string> => {
  const passed: Record<string, string> = { authorization: `Bearer ${token}` }
  for (const name of PASSED_ON) {
    const value = headers[name]
    if (typeof value === 'string') passed[name] = value
  }
  return passed
}

export const responseHeaders = (headers: IncomingHttpHeaders): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || NOT_PASSED_BACK.has(name) ? [] : [[name, value]],
    ),
  )

async function* limited(body: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) throw new HoldfastError('TOO_LARGE', `the body is above ${maxBytes} bytes`)
    yield chunk
  }
}

/** An answer may take as long as the caller asked to wait for; a connection may not. */
const limitConnect = (socket: Socket): void => {
  if (!socket.connecting) return
  const timer = setTimeout(() => socket.destroy(new Error('connect timed out')), CONNECT_TIMEOUT_MS)
  for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(timer))
}

const unavailable = (cause: unknown): HoldfastError =>
  cause instanceof HoldfastError
    ? cause
    : new HoldfastError('ORCHESTRATOR_UNAVAILABLE', 'the orchestrator does not answer', { cause })

/** The function throws TOO_LARGE or ORCHESTRATOR_UNAVAILABLE. */
export const newForward = (url: string): { forward: Forward; close: () => void } => {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: MAX_IDLE_SOCKETS })
  const { hostname, port } = new URL(url)
  const forward: Forward = (outgoing) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const { method, path, body, signal } = outgoing
    const request = newRequest({ agent, hostname, port, method, path, signal, headers: requestHeaders(outgoing) })
    const failed = (cause: unknown): void => reject(unavailable(cause))
    request.on('socket', limitConnect).on('response', resolve).on('error', failed)
    if (body === undefined) request.end()
    else pipeline(limited(body, maxBodyOf(method, path)), request).catch(failed)
    return promise
  }
  return { forward, close: () => agent.destroy() }
}
