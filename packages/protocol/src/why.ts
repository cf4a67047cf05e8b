/** Why a session is where it is: what `GET /v1/sessions/{id}/why` answers. */
import { type Static, Type } from 'typebox'
import { deathSchema } from './death.ts'
import { activitySchema, conditionSchema, phaseSchema } from './session.ts'
import { idleActionSchema } from './template.ts'

export const waitingSchema = Type.Object({
  for: Type.String({ description: 'the end of a sentence that begins with "waits for"' }),
  since: Type.String({ description: 'ISO 8601' }),
  until: Type.Union([Type.String(), Type.Null()], { description: 'when it gives up; null: it never does' }),
})

export const limitEndSchema = Type.Object({
  at: Type.String({ description: 'ISO 8601' }),
  because: Type.Union([Type.Literal('ttl'), Type.Literal('idle')], {
    description: 'which limit: its time to live, or idleness',
  }),
  action: { ...idleActionSchema, description: 'what is done then' },
})
/** When a limit is over, if nothing changes. */
export type LimitEnd = Static<typeof limitEndSchema>

export const whySchema = Type.Object({
  summary: Type.String({ description: 'all of it in one sentence for people' }),
  phase: phaseSchema,
  since: Type.String({ description: 'when the phase was entered' }),
  owner: Type.String({ description: 'who acts next for the phase to be left' }),
  waiting: Type.Union([waitingSchema, Type.Null()], { description: 'what it waits for; null: nothing' }),
  deadline: Type.Union([Type.String(), Type.Null()], { description: 'when the phase is overdue; null: it may last' }),
  conditions: Type.Array(conditionSchema, { description: 'facts beside the phase' }),
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
  lastDeath: Type.Optional({ ...deathSchema, description: 'how it, or its incarnation before, ended' }),
})
/** Why a session is where it is, and what happens next. */
export type Why = Static<typeof whySchema>
