/** The templates a session can be made from. */
import { templateSchema } from '@holdfast/protocol'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import type { Engine } from './engine.ts'

export const templatesRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  app.get(
    '/v1/templates',
    {
      schema: {
        summary: 'Templates, the default one first; values of environment variables are not shown',
        response: { 200: Type.Object({ templates: Type.Array(templateSchema) }) },
      },
    },
    async () => ({
      templates: engine.domain.templates.all.map(({ env, ...template }) => ({
        ...template,
        ...(env === undefined ? {} : { env: Object.fromEntries(Object.keys(env).map((name) => [name, ''])) }),
      })),
    }),
  )
}
