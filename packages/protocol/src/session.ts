/** The session resource and the bodies of the HTTP API, as TypeBox schemas: validation, types and OpenAPI come from here. */
import { type Static, Type } from 'typebox'
import { agentSchema } from './agent-schemas.ts'
import { HoldfastError } from './errors.ts'
import {
  DEFAULT_COLS,
  DEFAULT_ROWS,
  MAX_COLS,
  MAX_COMMANDS,
  MAX_KEYS,
  MAX_LABELS,
  MAX_MESSAGE_BYTES,
  MAX_ROWS,
  MAX_WAIT_MS,
  MIN_COLS,
  MIN_ROWS,
  WAIT_MS,
} from './limits.ts'
import type { NodeEvent } from './node-event.ts'
import { CONDITIONS, type ConditionType, PHASES, type Phase } from './phases.ts'
import {
  clipboardPolicySchema,
  idleActionSchema,
  limitsSchema,
  restartSchema,
  resumeSchema,
  sizePolicySchema,
} from './template.ts'

export const colsSchema = Type.Integer({ minimum: MIN_COLS, maximum: MAX_COLS })
export const rowsSchema = Type.Integer({ minimum: MIN_ROWS, maximum: MAX_ROWS })
const nameSchema = Type.String({ minLength: 1, maxLength: 128 })
const labelNameSchema = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$' })
const labelValueSchema = Type.String({ maxLength: 255 })
export const labelsSchema = Type.Record(labelNameSchema, labelValueSchema, {
  maxProperties: MAX_LABELS,
  additionalProperties: false,
})
const envSchema = Type.Record(
  Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }),
  Type.String({ maxLength: 32_768 }),
  { maxProperties: 256, additionalProperties: false },
)

const secondsSchema = Type.Integer({ minimum: 1, maximum: 31_536_000 })

export const createSessionSchema = Type.Object(
  {
    template: Type.Optional(
      Type.String({ maxLength: 64, description: 'what it is made from; default: the first one' }),
    ),
    command: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description: 'program to run; default: the command of the template',
      }),
    ),
    args: Type.Optional(
      Type.Array(Type.String({ maxLength: 131_072 }), {
        maxItems: 1024,
        description: 'its arguments, with no shell in between; without `command`, for that of the template',
      }),
    ),
    cwd: Type.Optional(
      Type.String({ minLength: 1, maxLength: 4096, description: 'working directory; default: that of the template' }),
    ),
    env: Type.Optional({ ...envSchema, description: 'environment variables, beside those of the template' }),
    cols: Type.Optional({ ...colsSchema, default: DEFAULT_COLS, description: 'width, columns' }),
    rows: Type.Optional({ ...rowsSchema, default: DEFAULT_ROWS, description: 'height, rows' }),
    sizePolicy: Type.Optional(sizePolicySchema),
    clipboard: Type.Optional(clipboardPolicySchema),
    name: Type.Optional({ ...nameSchema, description: 'for people; it need not be unique; default: the id' }),
    labels: Type.Optional({ ...labelsSchema, description: 'by which lists find it' }),
    region: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9]{0,15}$', description: 'of its node; default: any' })),
    nodeSelector: Type.Optional({ ...labelsSchema, description: 'labels that its node must have' }),
    limits: Type.Optional(limitsSchema),
    ttlSeconds: Type.Optional({ ...secondsSchema, description: 'it ends this long after its creation, seconds' }),
    idleSeconds: Type.Optional({
      ...secondsSchema,
      description: 'it ends, or is suspended, after this long without activity, seconds',
    }),
    idleAction: Type.Optional(idleActionSchema),
    restart: Type.Optional(restartSchema),
    resume: Type.Optional(resumeSchema),
    continues: Type.Optional(
      Type.Object(
        {
          screen: Type.String({
            maxLength: MAX_MESSAGE_BYTES,
            description: 'as of the format `ansi`: it stands above what its command writes here',
          }),
        },
        {
          additionalProperties: false,
          description:
            'it ran elsewhere before: its command is started by `resume`, where there is one, and not before it gets the signal CONT',
        },
      ),
    ),
  },
  { additionalProperties: false },
)
/** What a session is made of; all of it may be left out. */
export type CreateSession = Static<typeof createSessionSchema>

export const commandSchema = Type.Object({
  id: Type.Integer({ description: 'counts from 1' }),
  state: Type.Union([Type.Literal('started'), Type.Literal('ended')], { description: 'does it run' }),
  command: Type.Union([Type.String(), Type.Null()], { description: 'null when the shell does not tell' }),
  cwd: Type.Union([Type.String(), Type.Null()], { description: 'where it was started; null when that is not known' }),
  exitCode: Type.Union([Type.Integer(), Type.Null()], {
    description: 'null while it runs, and when the shell does not tell',
  }),
  start: Type.Integer({ description: 'offset of the first byte of its output' }),
  end: Type.Union([Type.Integer(), Type.Null()], { description: 'offset behind the last byte; null while it runs' }),
  startedAt: Type.String({ description: 'ISO 8601' }),
  endedAt: Type.Union([Type.String(), Type.Null()], { description: 'ISO 8601; null while it runs' }),
})
/** One command of the session's shell, if the shell marks them (OSC 133, 633). */
export type Command = Static<typeof commandSchema>

export const resourcesSchema = Type.Object({
  cpuMs: Type.Integer({ minimum: 0, description: 'CPU time that its processes have had so far, milliseconds' }),
  memoryBytes: Type.Integer({
    minimum: 0,
    description: 'memory of its processes, bytes; what several of them share counts once (PSS)',
  }),
  processes: Type.Integer({ minimum: 0, description: 'how many there are' }),
})
/** What a session uses. Two of them tell its share of a CPU: the difference of `cpuMs` by the time between. */
export type Resources = Static<typeof resourcesSchema>

/** What counts as activity; nothing else keeps a session from being idle. */
export const ACTIVITIES = {
  start: 'It was started.',
  bytes: 'Something was typed or written.',
  viewers: 'A viewer came or went.',
  cpu: 'Its processes computed: more than 5 % of one core, measured at most every 10 s.',
  extended: 'Someone gave it more time.',
  job: 'A job of its shell is in the foreground and takes no keys (one that does, like an editor, waits for its user).',
} as const
export type ActivityCause = keyof typeof ACTIVITIES

export const activitySchema = Type.Object({
  at: Type.String({ description: 'ISO 8601', maxLength: 40 }),
  because: Type.Unsafe<ActivityCause>(
    Type.Union(
      (Object.keys(ACTIVITIES) as ActivityCause[]).map((name) => Type.Literal(name)),
      { description: 'what it was; docs/operations.md has the meanings' },
    ),
  ),
})
/** When something last happened, and what. */
export type Activity = Static<typeof activitySchema>

export const conditionSchema = Type.Object({
  type: Type.Unsafe<ConditionType>(
    Type.Union(
      CONDITIONS.map((name) => Type.Literal(name)),
      { description: 'which fact' },
    ),
  ),
  status: Type.Union([Type.Literal('True'), Type.Literal('False'), Type.Literal('Unknown')], {
    description: 'is it so; Unknown: it was not seen',
  }),
  reason: Type.String({ description: 'why, in words' }),
  since: Type.String({ description: 'when the status changed last, ISO 8601' }),
})

export const phaseSchema = Type.Unsafe<Phase>(
  Type.Union(
    PHASES.map((name) => Type.Literal(name)),
    { description: 'where it is in its life' },
  ),
)

export const sessionSchema = Type.Object({
  id: Type.String({ description: 'unique; it begins with the region' }),
  name: Type.String({ description: 'the name given, else the id' }),
  phase: phaseSchema,
  conditions: Type.Array(conditionSchema, { description: 'facts beside the phase' }),
  reason: Type.Optional(Type.String({ description: '`<code>: <detail>` when ended or failed' })),
  template: Type.String({ description: 'what it was made from' }),
  command: Type.String({ description: 'the program' }),
  args: Type.Array(Type.String(), { description: 'its arguments' }),
  resume: Type.Optional(
    Type.Array(Type.String(), { description: 'by which its command is started again; absent: as the first time' }),
  ),
  cwd: Type.String({ description: 'where it was started' }),
  title: Type.String({ description: 'as programs set it' }),
  cols: Type.Integer({ description: 'width, columns' }),
  rows: Type.Integer({ description: 'height, rows' }),
  sizePolicy: sizePolicySchema,
  clipboard: clipboardPolicySchema,
  labels: Type.Record(Type.String(), Type.String(), { description: 'those given' }),
  node: Type.Union([Type.String(), Type.Null()], { description: 'the machine it is on; null before it has one' }),
  runtime: Type.String({ description: 'docker, process or tmux' }),
  region: Type.String({ description: 'of its node' }),
  viewers: Type.Integer({ description: 'attachments there are now' }),
  agent: Type.Optional({
    ...agentSchema,
    description: 'what the program in front is doing; absent before that is known, and after the end',
  }),
  activity: Type.Optional({
    ...activitySchema,
    description: 'the last, as its host told; CPU and jobs are watched only where there is an idle limit',
  }),
  commands: Type.Optional(
    Type.Array(commandSchema, {
      maxItems: MAX_COMMANDS,
      description:
        'latest last; only when one session is read whose host can be asked and whose shell marks its commands',
    }),
  ),
  resources: Type.Optional({
    ...resourcesSchema,
    description: 'what it uses; only when one session is read with `?resources=true` and its host can be asked',
  }),
  createdAt: Type.String({ description: 'ISO 8601' }),
  expiresAt: Type.Optional(Type.String({ description: 'end of its time to live' })),
  idleSeconds: Type.Optional(Type.Integer({ description: 'its idle limit' })),
  startedAt: Type.Optional(Type.String({ description: 'ISO 8601; once it has run' })),
  endedAt: Type.Optional(Type.String({ description: 'ISO 8601; once it has ended' })),
  exitCode: Type.Optional(
    Type.Union([Type.Integer(), Type.Null()], { description: 'of its command; null when a signal ended it' }),
  ),
  signal: Type.Optional(Type.Union([Type.String(), Type.Null()], { description: 'name without SIG, e.g. KILL' })),
})
/** A session, as it was when this was told. */
export type Session = Static<typeof sessionSchema>

/** One page of a list; `cursor` asks for the next one and is absent on the last. */
export interface SessionPage {
  /** Newest first. */
  sessions: Session[]
  /** For the next page. */
  cursor?: string
}

/** Exactly one of them. */
export const inputSchema = Type.Object(
  {
    text: Type.Optional(Type.String({ description: 'typed as it is' })),
    base64: Type.Optional(Type.String({ description: 'bytes, typed as they are' })),
    paste: Type.Optional(
      Type.String({
        description: 'pasted: in brackets if the program asks for that (DEC mode 2004), without control characters',
      }),
    ),
    keys: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 32 }), {
        minItems: 1,
        maxItems: MAX_KEYS,
        description: 'keys by their names in tmux (`C-c`, `M-x`, `Enter`, `Up`, `F5`), or single characters',
      }),
    ),
  },
  { additionalProperties: false },
)
/** A merge patch (RFC 7396): what is not in it stays, a label with null goes. */
export const updateSchema = Type.Object(
  {
    name: Type.Optional({ ...nameSchema, description: 'the new name' }),
    labels: Type.Optional(
      Type.Record(labelNameSchema, Type.Union([labelValueSchema, Type.Null()]), {
        maxProperties: 64,
        additionalProperties: false,
        description: 'set, or removed by null; others stay',
      }),
    ),
  },
  { additionalProperties: false, minProperties: 1 },
)
/** Another name, other labels; at least one of them. */
export type Update = Static<typeof updateSchema>

/** Name and labels after a patch. Throws BAD_REQUEST for too many labels. */
export const patched = (now: Pick<Session, 'name' | 'labels'>, patch: Update): Pick<Session, 'name' | 'labels'> => {
  const labels = Object.entries({ ...now.labels, ...patch.labels }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  )
  if (labels.length > MAX_LABELS)
    throw new HoldfastError('BAD_REQUEST', `labels: a session has at most ${MAX_LABELS} of them`)
  return { name: patch.name ?? now.name, labels: Object.fromEntries(labels) }
}
export const extendSchema = Type.Object(
  {
    ttlSeconds: Type.Optional({ ...secondsSchema, description: 'it ends so long after this request' }),
    idleSeconds: Type.Optional({ ...secondsSchema, description: 'the new limit, counted from this request' }),
  },
  { additionalProperties: false, minProperties: 1 },
)
/** How much more time; at least one of them. */
export type Extend = Static<typeof extendSchema>
export const suspendSchema = Type.Object(
  {
    freeze: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'keep it in memory and let none of it run (Docker only); else its container is stopped',
      }),
    ),
  },
  { additionalProperties: false },
)
export const resizeSchema = Type.Object({ cols: colsSchema, rows: rowsSchema }, { additionalProperties: false })
export const signalSchema = Type.Object(
  { name: Type.String({ pattern: '^[A-Z0-9]{2,8}$' }) },
  { additionalProperties: false },
)
export const WAITS = ['text', 'idle', 'exit', 'prompt', 'waiting'] as const
export type WaitUntil = (typeof WAITS)[number]
export const waitSchema = Type.Object(
  {
    until: Type.Unsafe<WaitUntil>(
      Type.Union(
        WAITS.map((what) => Type.Literal(what)),
        {
          description:
            'a text on the screen, no output for idleMs, the end of the command, its shell back at a prompt, or (`waiting`) a question of the program in front',
        },
      ),
    ),
    text: Type.Optional(
      Type.String({
        maxLength: 1024,
        description: 'regular expression, looked for on the screen; ^ and $ are those of a line',
      }),
    ),
    idleMs: Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: MAX_WAIT_MS,
        description: 'silence that counts, milliseconds; default 500 for idle, 200 for prompt',
      }),
    ),
    timeoutMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_WAIT_MS,
        default: WAIT_MS,
        description: 'the longest wait, milliseconds',
      }),
    ),
  },
  { additionalProperties: false },
)
/** What is waited for. */
export type Wait = Static<typeof waitSchema>
/**
 * `met`: it is there, and `text` is what matched. Not met: the time is over, or the command ended first. Once the command has
 * ended, `exitCode` and `signal` (name without SIG) say how; one of them is null, or both when nobody knows.
 */
export type WaitResult = { met: boolean; text?: string; exitCode?: number | null; signal?: string | null }

export const ticketSchema = Type.Object(
  {
    mode: Type.Optional(Type.Union([Type.Literal('rw'), Type.Literal('ro')], { default: 'rw' })),
    ttlSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_592_000, default: 60 })),
    uses: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1 })),
  },
  { additionalProperties: false },
)
/** Lets a client without a key attach to one session. */
export interface Ticket {
  /** A secret: the subprotocol `ticket.<ticket>` of the WebSocket. */
  ticket: string
  /** `ro`: it may only look. */
  mode: 'rw' | 'ro'
  /** How many connects it is good for. */
  uses: number
  /** ISO 8601. */
  expiresAt: string
}

/** `format=json`: the visible lines, above them `scrollback` lines if asked for. */
export interface ScreenJson {
  /** Width, columns. */
  cols: number
  /** Height, rows. */
  rows: number
  /** Column and row on the screen, from 0. */
  cursor: { x: number; y: number }
  /** As programs set it. */
  title: string
  /** A program such as an editor shows the second screen. */
  alternate: boolean
  /** Text, without what trails. */
  lines: string[]
}

/**
 * One event of `GET /v1/events`; its id grows, so that a client can ask for what it missed. Further types may come.
 * `session`: a change of the record, after which its phase was `phase`, with the session as it is when it is told.
 * `removed`: it is forgotten. For operators also what happens to nodes. `reset`: what happened since the last event is not known any more; list anew.
 */
export type ServerEvent =
  | { type: 'session'; phase: Phase; rev: number; session: Session }
  | { type: 'removed'; id: string }
  | { type: 'reset' }
  | NodeEvent
