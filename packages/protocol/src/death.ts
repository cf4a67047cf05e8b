/** A death: the durable record of how one incarnation of a session ended, kept for longer than the session itself. */
import { type Static, Type } from 'typebox'
import { END_REASONS, ENDERS, type Ender, type EndReason } from './phases.ts'

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

export const deathSchema = Type.Object({
  session: Type.String(),
  tenant: Type.String(),
  name: Type.String(),
  template: Type.String(),
  incarnation: Type.String({ description: 'empty when it was never placed' }),
  node: nullable(Type.String()),
  hostId: nullable(Type.String()),
  runtime: Type.String(),
  cause: Type.Unsafe<EndReason>(
    Type.Union((Object.keys(END_REASONS) as EndReason[]).map((code) => Type.Literal(code))),
  ),
  detail: Type.String(),
  by: Type.Object({
    kind: Type.Unsafe<Ender>(Type.Union(ENDERS.map((kind) => Type.Literal(kind)))),
    name: Type.String({ description: 'the command, the principal, the policy, the node or the runtime' }),
  }),
  evidence: Type.Array(Type.String(), { description: '`<ISO time> <what was seen where>`, in order' }),
  exitCode: nullable(Type.Integer()),
  signal: nullable(Type.String({ description: 'name without SIG' })),
  coreDumped: Type.Boolean(),
  oomKills: Type.Integer({ description: 'processes killed for memory, as the host said last' }),
  startedAt: nullable(Type.String()),
  endedAt: Type.String(),
  hasScreen: Type.Boolean({ description: '`GET /v1/sessions/{id}/screen` shows the last screen' }),
})
export type Death = Static<typeof deathSchema>

/** One page of a list, newest first; `cursor` asks for the next one and is absent on the last. */
export const deathPageSchema = Type.Object({ deaths: Type.Array(deathSchema), cursor: Type.Optional(Type.String()) })
export type DeathPage = Static<typeof deathPageSchema>
