/** Any thrown thing becomes an RFC 9457 problem+json answer with a code of the error table. */
import { HoldfastError, problem } from '@holdfast/protocol'
import type { FastifyError, FastifyInstance } from 'fastify'

/** Fastify's own errors in our words; a thing that is no error of ours is a bug, and its text stays in the log. */
export const toHoldfastError = (thrown: unknown): HoldfastError => {
  if (thrown instanceof HoldfastError) return thrown
  const { code, statusCode, message, validation } = (thrown ?? {}) as Partial<FastifyError>
  const cause = { cause: thrown }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new HoldfastError('TOO_LARGE', 'the body is too large', cause)
  if (validation !== undefined || (statusCode !== undefined && statusCode >= 400 && statusCode < 500)) {
    return new HoldfastError('BAD_REQUEST', message ?? 'malformed request', cause)
  }
  return new HoldfastError('INTERNAL', 'something went wrong inside; the log has the details', cause)
}

export const answerWithProblems = (app: FastifyInstance): void => {
  app.setErrorHandler((thrown, request, reply) => {
    const error = toHoldfastError(thrown)
    if (error.statusCode >= 500) request.log.error({ err: thrown }, error.message)
    // Whole seconds, RFC 9110 §10.2.3.
    if (error.retryable) reply.header('retry-after', String(Math.ceil((error.retryAfterMs ?? 1000) / 1000)))
    return reply.code(error.statusCode).type('application/problem+json').send(problem(error))
  })
  app.setNotFoundHandler((request, reply) => {
    const error = new HoldfastError('NOT_FOUND', `nothing at ${request.method} ${request.url.split('?')[0]}`)
    return reply.code(404).type('application/problem+json').send(problem(error))
  })
}
