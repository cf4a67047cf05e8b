/** What a tenant's live sessions may use together, how fast it may make them, and what they use now. */
import { type Static, type TSchema, Type } from 'typebox'

const orNone = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** null: no limit. */
const limits = {
  sessions: orNone(Type.Integer({ minimum: 0, description: 'sessions that have not ended' })),
  cpus: orNone(Type.Number({ minimum: 0, description: 'CPU cores, the limits of all of them together' })),
  memoryMb: orNone(Type.Integer({ minimum: 0, description: 'memory, MiB, the limits of all of them together' })),
  createsPerMinute: orNone(
    Type.Number({ minimum: 0.1, maximum: 60_000, description: 'new sessions a minute, in the long run' }),
  ),
  burst: orNone(
    Type.Integer({ minimum: 1, maximum: 60_000, description: 'new sessions at once; default: those of a minute' }),
  ),
}
export const quotaSchema = Type.Object(limits, { additionalProperties: false })
/** What a tenant may have; null: no limit. */
export type Quota = Static<typeof quotaSchema>

/** An entry of the quotas file: what it does not name is as in `default`. */
export const quotaEntrySchema = Type.Partial(quotaSchema)
export type QuotaEntry = Static<typeof quotaEntrySchema>

export const NO_QUOTA: Quota = { sessions: null, cpus: null, memoryMb: null, createsPerMinute: null, burst: null }

export const usageSchema = Type.Object({
  tenant: Type.String({ description: 'the caller’s' }),
  used: Type.Object(
    {
      sessions: Type.Integer({ description: 'sessions that have not ended' }),
      cpus: Type.Number({ description: 'CPU cores, the limits of all of them together' }),
      memoryMb: Type.Integer({ description: 'memory, MiB, the limits of all of them together' }),
    },
    { description: 'what it has now' },
  ),
  quota: { ...quotaSchema, description: 'what it may have' },
})
/** What a tenant has, and may have. */
export type Usage = Static<typeof usageSchema>
