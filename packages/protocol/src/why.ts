/** Why a session is where it is: what `GET /v1/sessions/{id}/why` answers. */
import { type Static, Type } from 'typebox'
import { deathSchema } from './death.ts'
import { PHASES, type Phase } from './phases.ts'
import { activitySchema, conditionSchema } from './session.ts'
import { idleActionSchema } from './template.ts'

export const waitingSchema = Type.Object({
  for: Type.String({ description: 'the end of a sentence that begins with "waits for"' }),
  since: Type.String(),
  until: Type.Union([Type.String(), Type.Null()], { description: 'when it gives up; null: it never does' }),
})

export const limitEndSchema = Type.Object({
  at: Type.String({ description: 'ISO 8601' }),
  because: Type.Union([Type.Literal('ttl'), Type.Literal('idle')]),
  action: { ...idleActionSchema, description: 'what is done then' },
})
export type LimitEnd = Static<typeof limitEndSchema>

export const whySchema = Type.Object({
  summary: Type.String({ description: 'all of it in one sentence for people' }),
  phase: Type.Unsafe<Phase>(Type.Union(PHASES.map((name) => Type.Literal(name)))),
  since: Type.String({ description: 'when the phase was entered' }),
  owner: Type.String({ description: 'who acts next for the phase to be left' }),
  waiting: Type.Union([waitingSchema, Type.Null()]),
  deadline: Type.Union([Type.String(), Type.Null()], { description: 'when the phase is overdue; null: it may last' }),
  conditions: Type.Array(conditionSchema),
  activity: Type.Optional({
    ...activitySchema,
    description:
      'of a running session: the last, as its host told, which may be 15 s old; its idle limit counts from here',
  }),
  ends: Type.Optional(
    Type.Array(limitEndSchema, {
      description:
        'when its limits are over, the first one first: by idleness if nothing happens in it until then; neither in maintenance',
    }),
  ),
  lastDeath: Type.Optional(deathSchema),
})
export type Why = Static<typeof whySchema>
