/** What a session host is told and tells over its private HTTP interface: claim in, status out. */
import { type Static, Type } from 'typebox'
import { type Agent, detectorSchema } from './agent-schemas.ts'
import type { NOT_IDENTITY } from './claim-identity.ts'
import { MAX_MESSAGE_BYTES } from './limits.ts'
import { type Activity, colsSchema, rowsSchema } from './session.ts'
import { clipboardPolicySchema, idleActionSchema, restartSchema, resumeSchema, sizePolicySchema } from './template.ts'

const timeLimits = {
  expiresAt: Type.Union([Type.String(), Type.Null()], {
    description: 'ISO 8601, by the clock of the orchestrator; null: no time to live',
  }),
  idleSeconds: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
}
/** When the session's time is over. */
export type TimeLimits = Static<Type.TObject<typeof timeLimits>>
const changeable = {
  name: Type.String(),
  labels: Type.Record(Type.String(), Type.String()),
  ...timeLimits,
}
/** What of a claim may change while the session runs. */
export const changeableSchema = Type.Object(changeable, { additionalProperties: false })
export type Changeable = Static<typeof changeableSchema>

/** Everything a host must know to start a session, and everything an orchestrator needs to rebuild its record from the host alone. */
export const claimSchema = Type.Object({
  session: Type.String(),
  tenant: Type.String(),
  principal: Type.String(),
  incarnation: Type.String(),
  fence: Type.Integer({ minimum: 0 }),
  template: Type.String(),
  region: Type.String(),
  command: Type.String({ minLength: 1 }),
  args: Type.Array(Type.String()),
  cwd: Type.Union([Type.String(), Type.Null()], { description: 'null: the directory the host was started in' }),
  env: Type.Record(Type.String(), Type.String()),
  cols: colsSchema,
  rows: rowsSchema,
  sizePolicy: sizePolicySchema,
  clipboard: clipboardPolicySchema,
  nodeSelector: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'labels its node must have' })),
  createdAt: Type.String(),
  ...changeable,
  replayBytes: Type.Integer({ minimum: 1024 }),
  scrollbackLines: Type.Integer({ minimum: 0 }),
  idleAction: idleActionSchema,
  restart: restartSchema,
  resume: Type.Optional(resumeSchema),
  /** It has run before: it is started by `resume`, where there is one. */
  again: Type.Optional(Type.Boolean()),
  /** Its command begins with the signal CONT, not before. */
  held: Type.Optional(Type.Boolean()),
  /** Further ones, which come before those of Holdfast. */
  detectors: Type.Optional(Type.Array(detectorSchema)),
  /** The screen of an earlier incarnation, to stand above this one's. Text with SGR sequences, as of the format `ansi`. */
  above: Type.Optional(Type.String({ maxLength: MAX_MESSAGE_BYTES })),
})
export type Claim = Static<typeof claimSchema>

/** The claim as the host gives it back. */
export type ClaimIdentity = Omit<Claim, (typeof NOT_IDENTITY)[number]>

/** How the output stream ended: nobody held the terminal any more, or those who still did were told to go, then killed. */
export type TerminalEnd = 'closed' | 'forced'

export interface HostExit {
  exitCode: number | null
  /** Name without SIG, or null when the command ended by itself. */
  signal: string | null
  coreDumped?: boolean
  /** Length of the output stream when the command itself ended; what follows came from what it left behind. */
  leaderOffset?: number
  ttyEnd?: TerminalEnd
  /** Why nobody knows how the command ended: exit code and signal are both null then. */
  failure?: string
  /** Not an end of the session: it will go on in another incarnation. */
  suspended?: boolean
  /** Final length of the output stream, bytes. */
  offset: number
  endedAt: string
}

export interface HostStatus {
  hostId: string
  protocol: string
  /** null while the host is warm and unclaimed. */
  claim: ClaimIdentity | null
  epoch: string | null
  /** Output bytes so far, since the start of the stream. */
  offset: number
  cols: number
  rows: number
  viewers: number
  title: string
  cwd: string | null
  /** Commands that the shell has marked so far. */
  commands: number
  startedAt: string | null
  activity: Activity
  /** What the program in front is doing; null before that is known, and after the end. */
  agent: Agent | null
  /** Not null once viewers have been warned that the session's time is nearly over; `due`: it is. */
  expiring: { at: string; because: 'ttl' | 'idle'; due: boolean } | null
  /** Children killed because the session's memory was full. */
  oomKills: number
  exit: HostExit | null
}

/** The last screen in every format, kept by the orchestrator after the host is gone. */
export interface FinalScreen {
  text: string
  ansi: string
  html: string
  json: string
}

/** The last line a host writes to its standard output: what an orchestrator that was away finds in the container's log. */
export interface DeathNote {
  holdfast: 'death-note'
  claim: ClaimIdentity
  exit: HostExit
  screen: FinalScreen
}
