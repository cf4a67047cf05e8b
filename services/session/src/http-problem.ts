/** Errors as RFC 9457 answers, over a response or, before an upgrade, over the bare socket. */
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { HoldfastError, problem } from '@holdfast/protocol'

/** A thing that is no error of ours is a bug; its text stays in the log. */
export const asHoldfastError = (thrown: unknown): HoldfastError =>
  thrown instanceof HoldfastError
    ? thrown
    : new HoldfastError('INTERNAL', 'something went wrong inside; the log has the details', { cause: thrown })

const headers = (error: HoldfastError, text: string, closes: boolean): Record<string, string> => ({
  'content-type': 'application/problem+json',
  'content-length': String(Buffer.byteLength(text)),
  // The rest of a body that was refused may still be on its way.
  ...(closes ? { connection: 'close' } : {}),
  ...(error.retryable ? { 'retry-after': '1' } : {}),
})

export const answerProblem = (response: ServerResponse, error: HoldfastError): void => {
  const text = JSON.stringify(problem(error))
  response.writeHead(error.statusCode, headers(error, text, !response.req.complete)).end(text)
}

export const refuseUpgrade = (socket: Duplex, error: HoldfastError): void => {
  const text = JSON.stringify(problem(error))
  const lines = Object.entries(headers(error, text, true)).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${error.statusCode} ${STATUS_CODES[error.statusCode]}\r\n${lines.join('')}\r\n${text}`)
}
