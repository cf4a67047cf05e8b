/** A death: the durable record of how one incarnation of a session ended, kept for longer than the session itself. */
import { type Static, Type } from 'typebox'
import { END_REASONS, ENDERS, type Ender, type EndReason } from './phases.ts'

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

export const deathSchema = Type.Object({
  session: Type.String({ description: 'id' }),
  tenant: Type.String({ description: 'whose it was' }),
  name: Type.String({ description: 'of the session' }),
  template: Type.String({ description: 'what it was made from' }),
  incarnation: Type.String({ description: 'empty when it was never placed' }),
  node: nullable(Type.String({ description: 'where it was; null when it was never placed' })),
  hostId: nullable(Type.String({ description: 'of the session host' })),
  runtime: Type.String({ description: 'docker, kubernetes or process' }),
  cause: Type.Unsafe<EndReason>(
    Type.Union(
      (Object.keys(END_REASONS) as EndReason[]).map((code) => Type.Literal(code)),
      { description: 'why it ended; docs/operations.md has the meanings' },
    ),
  ),
  detail: Type.String({ description: 'the rest of the reason, in words' }),
  by: Type.Object(
    {
      kind: Type.Unsafe<Ender>(
        Type.Union(
          ENDERS.map((kind) => Type.Literal(kind)),
          { description: 'of which kind' },
        ),
      ),
      name: Type.String({ description: 'the command, the principal, the policy, the node or the runtime' }),
    },
    { description: 'who ended it' },
  ),
  evidence: Type.Array(Type.String(), { description: '`<ISO time> <what was seen where>`, in order' }),
  exitCode: nullable(Type.Integer({ description: 'of its command, where that is known' })),
  signal: nullable(Type.String({ description: 'name without SIG' })),
  coreDumped: Type.Boolean({ description: 'the signal made a core dump' }),
  oomKills: Type.Integer({ description: 'processes killed for memory, as the host said last' }),
  startedAt: nullable(Type.String({ description: 'ISO 8601; null when it never ran' })),
  endedAt: Type.String({ description: 'ISO 8601' }),
  hasScreen: Type.Boolean({ description: '`GET /v1/sessions/{id}/screen` shows the last screen' }),
})
/** How one incarnation of a session ended. */
export type Death = Static<typeof deathSchema>

export const deathPageSchema = Type.Object({
  deaths: Type.Array(deathSchema, { description: 'newest first' }),
  cursor: Type.Optional(Type.String({ description: 'for the next page' })),
})
/** One page of a list; `cursor` asks for the next one and is absent on the last. */
export type DeathPage = Static<typeof deathPageSchema>
