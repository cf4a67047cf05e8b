/** What the reconciler would remove and why: `GET /v1/reap`, and an operator's word about it: `POST /v1/reap`. */
import { type Static, Type } from 'typebox'

/** Why a host is nobody's. */
export const REAP_REASONS = {
  stale: 'Its session was placed anew since.',
  ended: 'Its session has ended.',
  double: 'Its session runs in another host of the same placement.',
  unknown: 'It holds no session, and none is on its way to it.',
  files: 'Only its files are left, and no record names them.',
} as const
export type ReapReason = keyof typeof REAP_REASONS

const reasonSchema = Type.Unsafe<ReapReason>(
  Type.Union(
    (Object.keys(REAP_REASONS) as ReapReason[]).map((name) => Type.Literal(name)),
    { description: 'why it is nobody’s' },
  ),
)

export const reapableSchema = Type.Object({
  hostId: Type.String({ description: 'of the host' }),
  node: Type.String({ description: 'where it is' }),
  session: Type.String({ description: 'the id that it was made for' }),
  tenant: Type.String({ description: 'whose that is' }),
  why: reasonSchema,
  evidence: Type.Array(Type.String(), { description: '`<ISO time> <what was seen where>`, in order' }),
  needsWord: Type.Boolean({
    description:
      'it may hold a live session, or files: removed only when an operator says so; others are removed by and by',
  }),
})
/** A host that is nobody's. */
export type Reapable = Static<typeof reapableSchema>

export const reapListSchema = Type.Object({
  unlisted: Type.Array(Type.String(), {
    description: 'nodes that gave no list: nothing is removed while there are any',
  }),
  hosts: Type.Array(reapableSchema, { description: 'those that are nobody’s' }),
})
/** What could be removed. */
export type ReapList = Static<typeof reapListSchema>

export const reapSchema = Type.Object(
  { confirm: Type.Union([Type.Literal('all'), Type.Array(Type.String(), { minItems: 1 })]) },
  { additionalProperties: false },
)
export const reapedSchema = Type.Object({
  removed: Type.Array(reapableSchema, { description: 'those that are gone' }),
  kept: Type.Array(
    Type.Object({
      hostId: Type.String({ description: 'of the host' }),
      why: reasonSchema,
      reason: Type.String({ description: 'why it is still there' }),
    }),
    { description: 'those that are not' },
  ),
})
/** What was removed, and what was not. */
export type Reaped = Static<typeof reapedSchema>
