/** Who calls: every route needs the short-lived token of a gateway, which says for whom it calls. */
import { HoldfastError } from '@holdfast/protocol'
import { bearer, type Principal, verify } from '@holdfast/service-kit'
import type { FastifyInstance, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler runs. */
    caller: Principal
  }
}

export const authenticate = (app: FastifyInstance, key: string): void => {
  app.decorateRequest('caller')
  app.addHook('onRequest', async (request) => {
    const token = bearer(request.headers.authorization)
    if (token === undefined) throw new HoldfastError('UNAUTHENTICATED', 'a service token is required')
    request.caller = verify<Principal>(key, token).body
  })
}

/** Throws FORBIDDEN unless an operator calls. */
export const requireOperator = async ({ caller }: FastifyRequest): Promise<void> => {
  if (caller.role !== 'operator') throw new HoldfastError('FORBIDDEN', 'only operators may do this')
}
