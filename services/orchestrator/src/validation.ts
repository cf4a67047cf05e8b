/** Makes Fastify check requests with TypeBox: no coercion of bodies, unknown properties refused, every fault named. */
import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import { Convert, Default } from 'typebox/value'
import { checker } from './explain.ts'

/** At most this many faults stand in one answer. */
const MAX_FAULTS = 10

export const validateWithTypebox = (app: FastifyInstance): void => {
  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => {
    const check = checker(schema)
    return (data: unknown) => {
      // A query string has only text: "50" may stand for 50 there, and nowhere else.
      const value = httpPart === 'querystring' ? Convert(schema, data) : data
      const wrong = check(value)
      // Defaults last: typebox 1.4.3 throws when it fills in a record that has unknown keys.
      if (wrong.length === 0) return { value: Default(schema, value) }
      return { error: new Error(`${httpPart ?? 'request'}: ${wrong.slice(0, MAX_FAULTS).join('; ')}`) }
    }
  })
  // Response schemas are documentation: what is sent is what the handler returned.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
}
