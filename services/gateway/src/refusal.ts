/** Refusing an upgrade: problem+json over plain HTTP on a socket that no HTTP server holds any more. */
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type HoldfastError, problem } from '@holdfast/protocol'

/** A client gets so long to take it. */
const REFUSAL_MS = 2000

/** Resolves when the answer is sent, or was not taken in time. The socket stays the caller's to destroy. */
export const refuse = async (socket: Duplex, error: HoldfastError): Promise<void> => {
  const body = JSON.stringify(problem(error))
  const head = [
    `HTTP/1.1 ${error.statusCode} ${STATUS_CODES[error.statusCode]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...(error.retryable ? ['Retry-After: 1'] : []),
    ...(error.statusCode === 401 ? ['WWW-Authenticate: Bearer'] : []),
    ...(error.code === 'BAD_REQUEST' ? ['Sec-WebSocket-Version: 13'] : []), // RFC 6455 §4.2.2
  ].join('\r\n')
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, REFUSAL_MS)
  socket.once('close', resolve).resume() // unread bytes would turn the close into a reset, which takes the answer with it
  socket.end(`${head}\r\n\r\n${body}`, resolve)
  await promise
  clearTimeout(timer)
}
