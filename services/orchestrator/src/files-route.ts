/** Files of a session, passed on to and from its host as they come. */
import { basename } from 'node:path'
import { sessionId } from '@holdfast/protocol'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { hostOf } from './automation-route.ts'
import type { Engine } from './engine.ts'
import type { FileQuery, Target } from './host-client.ts'
import { idParams } from './sessions-route.ts'

const MAX_PATH_CHARS = 4096

const filePath = Type.String({ minLength: 1, maxLength: MAX_PATH_CHARS })
const readQuery = Type.Object({ path: filePath }, { additionalProperties: false })
const writeQuery = Type.Object(
  { path: filePath, overwrite: Type.Optional(Type.Boolean({ default: false })) },
  { additionalProperties: false },
)

type FileRoute = { Params: { id: string }; Querystring: FileQuery }

/** RFC 6266; in the plain form only what every browser takes as it is. */
const disposition = (path: string): string => {
  const name = basename(path)
  const encoded = encodeURIComponent(name).replaceAll(/['()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`)
  return `attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}"; filename*=UTF-8''${encoded}`
}

export const filesRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const { hosts } = engine.domain
  const find = async ({ caller, params }: FastifyRequest<FileRoute>): Promise<Target> =>
    hostOf(await engine.lookup(caller.tenant, sessionId(params.id)))

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null)) // the body is what it is

  app.get<FileRoute>(
    '/v1/sessions/:id/files',
    { exposeHeadRoute: false, schema: { summary: 'A file of the session', params: idParams, querystring: readQuery } },
    async (request, reply) => {
      const target = await find(request)
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      const { path } = request.query
      const file = await hosts.readFile(target, { path, overwrite: false }, gone.signal)
      const { 'content-length': length } = file.headers
      return reply
        .type('application/octet-stream')
        .headers({
          ...(length === undefined ? {} : { 'content-length': length }),
          'content-disposition': disposition(path),
          'x-content-type-options': 'nosniff',
        })
        .send(file)
    },
  )

  app.put<FileRoute>(
    '/v1/sessions/:id/files',
    { schema: { summary: 'Write a file of the session', params: idParams, querystring: writeQuery } },
    async (request, reply) => {
      const gone = new AbortController()
      reply.raw.once('close', () => {
        gone.abort()
        request.raw.unpipe().resume() // what is still sent of a file that was refused
      })
      const target = await find(request)
      try {
        await hosts.writeFile(target, request.query, request.raw, gone.signal)
      } catch (error) {
        if (gone.signal.aborted) return reply.hijack() // given up: nobody is there to hear of it
        throw error
      }
      return reply.code(204).send()
    },
  )
}
