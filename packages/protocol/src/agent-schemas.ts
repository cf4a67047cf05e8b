/** What is told of the program in front of a session, and how tools are known: as schemas. */
import { type Static, Type } from 'typebox'

export const AGENT_STATES = ['busy', 'idle', 'waiting'] as const
/** `busy` works, `idle` waits for a next task, `waiting` asks its user something. */
export type AgentState = (typeof AGENT_STATES)[number]
const stateSchema = Type.Unsafe<AgentState>(
  Type.Union(
    AGENT_STATES.map((state) => Type.Literal(state)),
    { description: 'what it is doing' },
  ),
)

const ruleSchema = Type.Object(
  {
    state: stateSchema,
    text: Type.String({
      minLength: 1,
      maxLength: 1024,
      description: 'regular expression, whatever the case, `^` and `$` at the ends of lines',
    }),
    lines: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: 30,
        description: 'looked for in so many lines from the last',
      }),
    ),
  },
  { additionalProperties: false },
)

export const detectorSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$', description: 'of the tool, e.g. claude-code' }),
    version: Type.Integer({ minimum: 1, description: 'of these rules' }),
    command: Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'regular expression for the name of the program, or of the script that an interpreter runs',
    }),
    rules: Type.Array(ruleSchema, {
      maxItems: 64,
      description: 'the first that matches counts; none: busy, then idle',
    }),
  },
  { additionalProperties: false },
)
/** How a tool shows its state. Data, not code: it goes to where the sessions are. */
export type Detector = Static<typeof detectorSchema>

export const agentSchema = Type.Object({
  name: Type.String({ description: 'the tool in front, `shell` when no detector knows it' }),
  detector: Type.String({ description: 'who says so: `<name>@<version>`' }),
  state: stateSchema,
  evidence: Type.String({ description: 'what that is concluded from, in a few words' }),
  since: Type.Optional(Type.String({ description: 'ISO 8601; not told by tmux' })),
})
/** What the program in front of a session is doing, and why that is thought. */
export type Agent = Static<typeof agentSchema>
