/** The console's login: an API key is exchanged for a cookie that scripts cannot read. */
import type { FastifyPluginAsync } from 'fastify'
import { type Authorizer, type Caller, COOKIE_TTL_MS } from './authorize.ts'
import { checkOrigin } from './origin.ts'

export interface LoginParts {
  authorizer: Authorizer
  origins: readonly string[]
}

const bodySchema = {
  type: 'object',
  required: ['key'],
  properties: { key: { type: 'string', minLength: 1, maxLength: 200 } },
} as const

/** Secure exactly where the page itself came over TLS: the Origin tells, also behind a proxy that ends the TLS. */
const setCookie = (value: string, maxAgeMs: number, origin: string | undefined): string => {
  const secure = origin?.startsWith('https://') ? '; Secure' : ''
  return `holdfast=${value}; Path=/; Max-Age=${maxAgeMs / 1000}; HttpOnly; SameSite=Strict${secure}`
}

const publicView = ({ principal, tenant, role }: Caller) => ({ principal, tenant, role })

export const loginRoute: FastifyPluginAsync<LoginParts> = async (app, { authorizer, origins }) => {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.post<{ Body: { key: string } }>('/login', { schema: { body: bodySchema } }, async (request, reply) => {
    checkOrigin(request.headers, origins)
    const { cookie, caller } = authorizer.login(request.body.key)
    reply.header('set-cookie', setCookie(cookie, COOKIE_TTL_MS, request.headers.origin))
    return publicView(caller)
  })
  app.post('/logout', async (request, reply) => {
    checkOrigin(request.headers, origins)
    return reply
      .header('set-cookie', setCookie('', 0, request.headers.origin))
      .code(204)
      .send()
  })
  app.get('/login', async (request) => publicView(authorizer.caller(request.headers)))
}
