/** What the target of a move is made from: its source, with all that goes along. */
import { homedir } from 'node:os'
import {
  type CreateSession,
  HoldfastError,
  MAX_SCROLLBACK_LINES,
  SCROLLBACK_LINES,
  type Session,
} from '@holdfast/protocol'
import { userShell } from '../tmux/creation.ts'
import { MOVING } from './names.ts'
import type { Side } from './policy.ts'

/** Where a session goes, and what is to be otherwise there. */
export interface MigrateOptions {
  /** tmux on this machine, or the cluster. */
  to: Side
  /** Its directory there; default: the same, or the target's own for a session that was started in this user's home. */
  cwd?: string
  /** In the cluster: what it is made from; default: the first template. */
  template?: string
  /** Hears in a few words what is done next. */
  onStep?: (step: string) => void
}

export interface Luggage {
  /** As of the format `ansi`, with the lines above. */
  screen: string
  env: Record<string, string>
}

/** Of the screen, as JSON: a body has at most 1 MiB, and the environment needs some of it. */
const MAX_SCREEN_BYTES = 512 * 1024

/** The last lines, as many as fit. */
const lastLines = (screen: string): string[] => {
  const lines = screen.split(/\r?\n/)
  let bytes = 0
  let first = lines.length
  while (first > 0) {
    bytes += Buffer.byteLength(JSON.stringify(lines[first - 1]))
    if (bytes > MAX_SCREEN_BYTES) break
    first--
  }
  return lines.slice(first)
}

const isUserShell = ({ runtime, command, args }: Session): boolean =>
  runtime === 'tmux' && command === userShell() && args.length === 0

const cwdOf = ({ runtime, cwd }: Session): string | undefined =>
  cwd === '' || (runtime === 'tmux' && cwd === homedir()) ? undefined : cwd

const given = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never

/** `id`: by which it is known. Throws BAD_REQUEST for what tmux cannot give. */
export const targetOf = (
  id: string,
  source: Session,
  { screen, env }: Luggage,
  { to, cwd, template }: MigrateOptions,
): CreateSession => {
  const { command, args, name, labels, cols, rows, resume, sizePolicy, clipboard } = source
  if (to === 'local' && (source.expiresAt ?? source.idleSeconds) !== undefined)
    throw new HoldfastError('BAD_REQUEST', 'the session has a limit of time, which tmux cannot give')
  const lines = lastLines(screen)
  return {
    ...(isUserShell(source) ? {} : { command, args }),
    ...{ name, env, cols, rows, sizePolicy, labels: { ...labels, [MOVING]: id } },
    ...given({ cwd: cwd ?? cwdOf(source), template, resume, clipboard: clipboard === 'off' ? clipboard : undefined }),
    // So that what was above the screen has room there, too.
    ...(to === 'cluster'
      ? { limits: { scrollbackLines: Math.min(Math.max(SCROLLBACK_LINES, lines.length), MAX_SCROLLBACK_LINES) } }
      : {}),
    continues: { screen: lines.join('\r\n') },
  }
}
