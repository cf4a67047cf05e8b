/** Checks what session hosts say: they run beside other people's code, so their words are data, not facts about other sessions. */
import {
  activitySchema,
  agentSchema,
  type Command,
  claimSchema,
  commandSchema,
  type DeathNote,
  HoldfastError,
  type HostStatus,
  MAX_COMMANDS,
  NOT_IDENTITY,
  type Resources,
  resourcesSchema,
} from '@holdfast/protocol'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

const identitySchema = Type.Omit(claimSchema, [...NOT_IDENTITY])
const exitSchema = Type.Object({
  exitCode: nullable(Type.Integer()),
  signal: nullable(Type.String({ maxLength: 16 })),
  coreDumped: Type.Optional(Type.Boolean()),
  suspended: Type.Optional(Type.Boolean()),
  offset: Type.Integer({ minimum: 0 }),
  endedAt: Type.String({ maxLength: 40 }),
  failure: Type.Optional(Type.String({ maxLength: 200 })),
})
/** As a host may say it: of bounded length. */
const hostAgentSchema = Type.Object({
  ...agentSchema.properties,
  name: Type.String({ maxLength: 32 }),
  detector: Type.String({ maxLength: 48 }),
  evidence: Type.String({ maxLength: 200 }),
})
const statusSchema = Type.Object({
  hostId: Type.String({ maxLength: 63 }),
  claim: nullable(identitySchema),
  epoch: nullable(Type.String({ maxLength: 64 })),
  offset: Type.Integer({ minimum: 0 }),
  cols: Type.Integer(),
  rows: Type.Integer(),
  viewers: Type.Integer({ minimum: 0 }),
  title: Type.String(),
  cwd: nullable(Type.String()),
  commands: Type.Integer({ minimum: 0 }),
  startedAt: nullable(Type.String({ maxLength: 40 })),
  activity: activitySchema,
  agent: Type.Optional(nullable(hostAgentSchema)), // hosts of 0.1 do not tell
  expiring: nullable(
    Type.Object({
      at: Type.String({ maxLength: 40 }),
      because: Type.Union([Type.Literal('ttl'), Type.Literal('idle')]),
      due: Type.Boolean(),
    }),
  ),
  oomKills: Type.Integer({ minimum: 0 }),
  exit: nullable(exitSchema),
})
const noteSchema = Type.Object({
  holdfast: Type.Literal('death-note'),
  claim: identitySchema,
  exit: exitSchema,
  screen: Type.Object({ text: Type.String(), ansi: Type.String(), html: Type.String(), json: Type.String() }),
})

const status = Compile(statusSchema)
const commands = Compile(Type.Array(commandSchema, { maxItems: MAX_COMMANDS }))
const resources = Compile(resourcesSchema)
const note = Compile(noteSchema)
const env = Compile(Type.Object({ env: claimSchema.properties.env }))

const parseWords = (text: string, hostId: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new HoldfastError('HOST_UNREACHABLE', `host ${hostId} does not speak JSON`, { cause: error })
  }
}

/** Throws HOST_UNREACHABLE when the text is not the status of this host. */
export const parseStatus = (text: string, hostId: string): HostStatus => {
  const value = parseWords(text, hostId)
  if (!status.Check(value) || value.hostId !== hostId) {
    throw new HoldfastError('HOST_UNREACHABLE', `host ${hostId} gave no valid status`)
  }
  return { agent: null, ...value } as HostStatus
}

/** Throws HOST_UNREACHABLE when the text is not a list of commands. */
export const parseCommands = (text: string, hostId: string): Command[] => {
  const value = parseWords(text, hostId)
  if (!commands.Check(value)) throw new HoldfastError('HOST_UNREACHABLE', `host ${hostId} gave no valid commands`)
  return value
}

/** Throws HOST_UNREACHABLE when the text does not tell what a session uses. */
export const parseResources = (text: string, hostId: string): Resources => {
  const value = parseWords(text, hostId)
  if (!resources.Check(value)) throw new HoldfastError('HOST_UNREACHABLE', `host ${hostId} gave no valid resources`)
  return value
}

/** Throws HOST_UNREACHABLE when the text holds no environment. */
export const parseEnv = (text: string, hostId: string): Record<string, string> => {
  const value = parseWords(text, hostId)
  if (!env.Check(value)) throw new HoldfastError('HOST_UNREACHABLE', `host ${hostId} gave no valid environment`)
  return value.env
}

/** How much of a host's output is searched: enough for a death note with all its screens. */
export const TAIL_BYTES = 16 * 1024 * 1024

/** The last death note for this session in the tail of a host's output, or null. */
export const findDeathNote = (tail: string, session: string): DeathNote | null => {
  const lines = tail.split('\n').filter((line) => line.includes('"holdfast":"death-note"'))
  for (const line of lines.reverse()) {
    try {
      const value: unknown = JSON.parse(line)
      if (note.Check(value) && value.claim.session === session) return value as DeathNote
    } catch {
      // A line that only looks like a note.
    }
  }
  return null
}
