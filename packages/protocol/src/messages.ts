/** Control messages of `holdfast.v1` (text frames); binary frames are terminal bytes and have no type here. */
import { type Static, Type } from 'typebox'
import type { TerminalEnd } from './host.ts'
import { type Command, colsSchema, rowsSchema } from './session.ts'

export const CLIENT_ID = /^[A-Za-z0-9._-]{1,64}$/
export const SIGNALS = ['HUP', 'INT', 'QUIT', 'KILL', 'USR1', 'USR2', 'TERM', 'CONT', 'STOP', 'TSTP', 'WINCH'] as const
/** A signal, without SIG. */
export type SignalName = (typeof SIGNALS)[number]

const offset = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

export const attachMessage = Type.Object({
  type: Type.Literal('attach'),
  client: Type.String({ pattern: CLIENT_ID.source }),
  mode: Type.Optional(Type.Union([Type.Literal('rw'), Type.Literal('ro')])),
  cols: Type.Optional(colsSchema),
  rows: Type.Optional(rowsSchema),
  epoch: Type.Optional(Type.String({ maxLength: 64 })),
  offset: Type.Optional(offset),
})
export const ackMessage = Type.Object({ type: Type.Literal('ack'), offset })
export const resizeMessage = Type.Object({ type: Type.Literal('resize'), cols: colsSchema, rows: rowsSchema })
export const controlMessage = Type.Object({
  type: Type.Literal('control'),
  action: Type.Union([Type.Literal('take'), Type.Literal('release')]),
})
export const signalMessage = Type.Object({
  type: Type.Literal('signal'),
  name: Type.Unsafe<SignalName>(Type.Union(SIGNALS.map((name) => Type.Literal(name)))),
})
const color = Type.String({ pattern: '^#[0-9a-fA-F]{6}$' })
const colors = {
  foreground: Type.Optional({ ...color, description: 'of text' }),
  background: Type.Optional({ ...color, description: 'behind it' }),
  cursor: Type.Optional({ ...color, description: 'of the cursor' }),
  palette: Type.Optional(Type.Array(color, { maxItems: 256, description: 'from index 0 on' })),
}
export const colorsMessage = Type.Object({ type: Type.Literal('colors'), ...colors })
export const terminalColorsSchema = Type.Object(colors)
export const pingMessage = Type.Object({
  type: Type.Literal('ping'),
  id: Type.Union([Type.Number(), Type.String({ maxLength: 64 })]),
})

/** By `type`; a type that is not here is ignored, as the protocol demands. */
export const CLIENT_MESSAGES = {
  attach: attachMessage,
  ack: ackMessage,
  resize: resizeMessage,
  control: controlMessage,
  signal: signalMessage,
  colors: colorsMessage,
  ping: pingMessage,
} as const
export type AttachMessage = Static<typeof attachMessage>
export type ClientMessage =
  | AttachMessage
  | Static<typeof ackMessage>
  | Static<typeof resizeMessage>
  | Static<typeof controlMessage>
  | Static<typeof signalMessage>
  | Static<typeof colorsMessage>
  | Static<typeof pingMessage>

/** The colours of a client's terminal, each `#rrggbb`; what is absent is not known. */
export type TerminalColors = Static<typeof terminalColorsSchema>

/** How a resumed output stream goes on: from 0, at the offset asked for, or after a snapshot. */
export type Resume = 'fresh' | 'delta' | 'snapshot'

/** The first message of a host: how the output goes on. */
export interface AttachedMessage {
  /** Names the message. */
  type: 'attached'
  /** Id. */
  session: string
  /** Names the stream of output: offsets of another one do not count. */
  epoch: string
  /** Where the output goes on, bytes since its beginning. */
  offset: number
  /** How it goes on. */
  resume: Resume
  /** Input bytes of this client that the host has taken. */
  inputOffset: number
  /** What this attachment may do. */
  mode: 'rw' | 'ro'
  /** Width of the session, columns. */
  cols: number
  /** Height, rows. */
  rows: number
  /** Client id of the controller, or null. */
  controller: string | null
}
/** The command has ended; no output follows. */
export interface ExitMessage {
  /** Names the message. */
  type: 'exit'
  /** Null when a signal ended it, or when nobody knows. */
  exitCode: number | null
  /** Name without SIG; null when it ended by itself. */
  signal: string | null
  /** Length of the output, bytes. */
  offset: number
  /** The signal made a core dump. */
  coreDumped?: boolean
  /** Length of the output when the command itself ended; what follows came from what it left behind. */
  leaderOffset?: number
  /** How the terminal was given up. */
  ttyEnd?: TerminalEnd
}
/** What a host tells beside the output, by `type`; docs/protocol.md has the meanings. Further types may come: ignore them. */
export type HostMessage =
  | AttachedMessage
  | { type: 'snapshot'; offset: number; cols: number; rows: number }
  | { type: 'input-ack'; offset: number }
  | { type: 'resized'; cols: number; rows: number; offset: number }
  | { type: 'control'; controller: string | null }
  | { type: 'clients'; count: number }
  | { type: 'title'; title: string }
  | { type: 'cwd'; cwd: string }
  | { type: 'bell' }
  /** Typed bytes wait because the program does not read, or flow again. */
  | { type: 'input'; blocked: boolean; waiting: number }
  /** How the kernel treats what is typed (termios(3), ECHO and ICANON). */
  | { type: 'tty'; echo: boolean; canonical: boolean }
  | { type: 'notice'; level: 'info' | 'warning' | 'error'; text: string; title?: string }
  | { type: 'clipboard'; selection: string; data: string }
  | ({ type: 'command' } & Command)
  | ExitMessage
  | { type: 'error'; code: string; message: string }
  | { type: 'pong'; id: number | string }
