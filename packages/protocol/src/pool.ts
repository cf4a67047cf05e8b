/** A warm pool: what a template asks for, and how it stands on one node. */
import { type Static, Type } from 'typebox'

export const poolSchema = Type.Object(
  {
    size: Type.Integer({ minimum: 0, maximum: 1000, description: 'started hosts that wait on each node' }),
    max: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        description: 'by demand up to this many: as many as the busiest minute of the last hour asked for',
      }),
    ),
    schedule: Type.Optional(
      Type.Array(
        Type.Object(
          {
            cron: Type.String({ description: 'when the size of this entry begins to hold, until another one begins' }),
            size: Type.Integer({ minimum: 0, maximum: 1000, description: 'hosts that wait from then on' }),
            timezone: Type.Optional(Type.String({ description: 'IANA name, e.g. Europe/Berlin; default UTC' })),
          },
          { additionalProperties: false },
        ),
        { minItems: 1, maxItems: 32, description: 'sizes by the time of day' },
      ),
    ),
  },
  { additionalProperties: false, description: 'started hosts that wait for its sessions' },
)
/** How many started hosts wait for sessions of a template. */
export type PoolConfig = Static<typeof poolSchema>

export const poolStateSchema = Type.Object({
  template: Type.String({ description: 'whose pool it is' }),
  node: Type.String({ description: 'where' }),
  wanted: Type.Integer({ description: 'hosts that should wait now' }),
  waiting: Type.Integer({ description: 'hosts that do' }),
  state: Type.Union([Type.Literal('ok'), Type.Literal('backing-off'), Type.Literal('stopped')], {
    description: 'stopped: after too many failures in a row nothing is tried until the pool is reset',
  }),
  failures: Type.Integer({ description: 'in a row' }),
  error: Type.Optional(Type.String({ description: 'of the last failure' })),
  retryAt: Type.Optional(Type.String({ description: 'ISO 8601' })),
})
/** How a pool stands on one node. */
export type PoolState = Static<typeof poolStateSchema>
