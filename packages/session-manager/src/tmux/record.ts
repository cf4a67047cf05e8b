/** What is known of a session: a part that is kept with it in an option of tmux, and a part that tmux itself tells. */
import { hostname } from 'node:os'
import type { Session } from '@holdfast/protocol'
import { exitOf } from './exits.ts'
import { TMUX_REGION, TMUX_TEMPLATE } from './limits.ts'

/** Kept as base64 of JSON: tmux expands what stands in an option. */
export interface Kept {
  name: string
  command: string
  args: string[]
  cwd: string
  resume?: string[]
  labels: Record<string, string>
  createdAt: string
  /** Hash of the create's body, for a repetition with the same idempotency key. */
  bodyHash: string
}

/** What was kept of a session as it is seen. */
export const keptOf = ({ name, command, args, cwd, resume, labels, createdAt }: Session, bodyHash: string): Kept => ({
  name,
  command,
  args,
  cwd,
  ...(resume === undefined ? {} : { resume }),
  labels,
  createdAt,
  bodyHash,
})

export const OPTION = '@holdfast'

export const encode = (kept: Kept): string => Buffer.from(JSON.stringify(kept)).toString('base64')

/** The title comes last: it may hold anything but a line's end. */
const FIELDS = [
  ...['session_name', 'session_attached', 'window_width', 'window_height', 'pane_pid'],
  ...['pane_dead', 'pane_dead_status', 'pane_dead_signal', 'pane_dead_time', 'window_activity'],
  ...[OPTION, 'pane_title'],
] as const
export const FORMAT = FIELDS.map((field) => `#{${field}}`).join('\t')

export interface Seen {
  session: Session
  pid: number
  /** Of its last output, Unix time in milliseconds, as exact as a second. */
  activeAt: number
  bodyHash: string
}

const isoOf = (seconds: string): string => new Date(Number(seconds) * 1000).toISOString()

type Field = (typeof FIELDS)[number]

const endOf = (of: Record<Field, string>): Partial<Session> => {
  const exit = exitOf([of.pane_dead, of.pane_dead_status, of.pane_dead_signal].join())
  if (exit === null) return {}
  const { exitCode, signal } = exit
  const reason = signal === null ? `exited: exit code ${exitCode}` : `exited: signal ${signal}`
  // When it was is not told before tmux 3.3.
  return {
    phase: 'exited',
    reason,
    ...exit,
    ...(of.pane_dead_time === '' ? {} : { endedAt: isoOf(of.pane_dead_time) }),
  }
}

/** One line of FORMAT; null when the session is not one of ours. */
export const seen = (line: string): Seen | null => {
  const values = line.split('\t')
  const title = values.slice(FIELDS.length - 1).join('\t')
  const of = Object.fromEntries(FIELDS.map((field, at) => [field, values[at] ?? ''])) as Record<Field, string>
  if (of[OPTION] === '') return null
  const { bodyHash, ...kept } = JSON.parse(Buffer.from(of[OPTION], 'base64').toString()) as Kept
  const session: Session = {
    ...kept,
    id: of.session_name,
    phase: 'running',
    conditions: [],
    template: TMUX_TEMPLATE,
    title,
    cols: Number(of.window_width),
    rows: Number(of.window_height),
    sizePolicy: 'latest',
    clipboard: 'controller',
    node: hostname(),
    runtime: 'tmux',
    region: TMUX_REGION,
    viewers: Number(of.session_attached),
    startedAt: kept.createdAt,
    ...endOf(of),
  }
  return { session, pid: Number(of.pane_pid), activeAt: Number(of.window_activity) * 1000, bodyHash }
}
