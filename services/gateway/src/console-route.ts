/** The console's files, with headers that let its page load and talk to nothing but this gateway. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'

/**
 * `style-src` has 'unsafe-inline' because xterm.js writes its own style elements; scripts never may. 'wasm-unsafe-eval' lets
 * scripts that are ours compile WebAssembly, which decodes images of the terminal, and nothing else.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** Vite puts a hash of the content into these names, so a file never changes. */
const HASHED = /[/\\]assets[/\\][^/\\]+-[\w-]{8,}\.\w+(\.\w+)?$/

export interface ConsoleParts {
  /** May be empty or missing: an installation without a console. */
  dir: string
}

export const consoleRoute: FastifyPluginAsync<ConsoleParts> = async (app, { dir }) => {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
  })
  if (dir === '' || !existsSync(join(dir, 'index.html'))) {
    app.get('/', async (_request, reply) =>
      reply.type('text/plain').send('Holdfast gateway. No console is installed here; the API is under /v1.\n'),
    )
    return
  }
  await app.register(fastifyStatic, {
    root: dir,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('cache-control', HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
}
