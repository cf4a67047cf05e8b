/** A template: what a session is made from. Read from a YAML or JSON file by the orchestrator. */
import { type Static, Type } from 'typebox'
import { detectorSchema } from './agent-schemas.ts'
import { MAX_REPLAY_BYTES, MAX_SCROLLBACK_LINES } from './limits.ts'
import { poolSchema } from './pool.ts'

export const limitsSchema = Type.Object(
  {
    memoryMb: Type.Optional(Type.Integer({ minimum: 32, maximum: 1_048_576, description: 'memory, MiB' })),
    cpus: Type.Optional(Type.Number({ minimum: 0.05, maximum: 256, description: 'CPU cores' })),
    pids: Type.Optional(Type.Integer({ minimum: 8, maximum: 65_536, description: 'processes and threads' })),
    files: Type.Optional(Type.Integer({ minimum: 64, maximum: 1_048_576, description: 'open files of one process' })),
    tmpMb: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_536, description: 'size of /tmp, MiB; it counts as memory' }),
    ),
    replayBytes: Type.Optional(
      Type.Integer({ minimum: 65_536, maximum: MAX_REPLAY_BYTES, description: 'raw output kept for resuming, bytes' }),
    ),
    scrollbackLines: Type.Optional(
      Type.Integer({ minimum: 0, maximum: MAX_SCROLLBACK_LINES, description: 'lines kept above the screen' }),
    ),
  },
  { additionalProperties: false, description: 'what it may use' },
)
/** What a session may use. */
export type Limits = Static<typeof limitsSchema>

export const sizePolicySchema = Type.Union([Type.Literal('latest'), Type.Literal('smallest'), Type.Literal('fixed')], {
  description: 'whose window is the size: the controller’s (default), the smallest of all that may type, or nobody’s',
})
export type SizePolicy = Static<typeof sizePolicySchema>
export const clipboardPolicySchema = Type.Union([Type.Literal('controller'), Type.Literal('off')], {
  description: 'who gets what programs write to the clipboard (OSC 52): the controller (default) or nobody',
})
export type ClipboardPolicy = Static<typeof clipboardPolicySchema>

export const idleActionSchema = Type.Union([Type.Literal('stop'), Type.Literal('suspend')], {
  description: 'what happens to an idle session: it is ended (default), or suspended until someone attaches',
})
export type IdleAction = Static<typeof idleActionSchema>

export const restartSchema = Type.Union([Type.Literal('never'), Type.Literal('on-loss'), Type.Literal('always')], {
  description: 'start the command anew when its host is lost, or also when it ends by itself; default never',
})
export type RestartPolicy = Static<typeof restartSchema>

const RECIPE =
  'program and arguments, with no shell in between, by which its command is started again: on another host, after it was suspended, when it has moved; default: as the first time'
const recipe = (description: string) =>
  Type.Array(Type.String({ maxLength: 131_072 }), { minItems: 1, maxItems: 1024, description })
export const resumeSchema = recipe(RECIPE)

export const templateSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,38}$', description: 'by which it is asked for' }),
    description: Type.Optional(Type.String({ maxLength: 200, description: 'for people' })),
    image: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, description: 'container image; ignored by the process runtime' }),
    ),
    command: Type.Array(Type.String(), { minItems: 1, description: 'command and arguments' }),
    cwd: Type.Optional(Type.String({ description: 'working directory; default: the workspace' })),
    env: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'environment variables' })),
    limits: Type.Optional(limitsSchema),
    network: Type.Optional(
      Type.Boolean({ description: 'may the session reach the internet? default true; private addresses never' }),
    ),
    nodeSelector: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'labels that the node of a session must have' }),
    ),
    sizePolicy: Type.Optional(sizePolicySchema),
    clipboard: Type.Optional(clipboardPolicySchema),
    ttlSeconds: Type.Optional(
      Type.Integer({ minimum: 1, description: 'end the session this long after its creation' }),
    ),
    idleSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'end it after this long without activity: bytes, viewers that come or go, CPU, a job of its shell',
      }),
    ),
    idleAction: Type.Optional(idleActionSchema),
    restart: Type.Optional(restartSchema),
    resume: Type.Optional(recipe(`for sessions without a command of their own: ${RECIPE}`)),
    detectors: Type.Optional(
      Type.Array(detectorSchema, {
        maxItems: 16,
        description:
          'how further tools show whether they are busy, idle or waiting; they come before those of Holdfast',
      }),
    ),
    pool: Type.Optional(poolSchema),
  },
  { additionalProperties: false },
)
/** What sessions are made from. */
export type Template = Static<typeof templateSchema>
