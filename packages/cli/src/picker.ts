/** A list to choose a session from: arrows or j and k, letters narrow it down, Enter takes, Escape leaves. */
import type { Key } from 'node:readline'
import type { Session } from '@holdfast/protocol'
import { type Io, onLeaving } from './io.ts'
import { aligned, fit } from './table.ts'
import { FullScreen } from './top/full-screen.ts'
import { agentWords, ageOf, commandLine } from './words.ts'

const REVERSE = '\x1b[7m'
const PLAIN = '\x1b[0m'
const HEAD = 'Attach to which session?  ↑↓ choose · type to narrow down · Enter attach · Esc leave'

interface State {
  typed: string
  at: number
}

const row = (session: Session, nowMs: number): string[] => [
  session.name,
  session.phase,
  agentWords(session),
  ageOf(session.createdAt, nowMs),
  session.title || commandLine(session),
]

export const matching = (sessions: readonly Session[], typed: string): Session[] =>
  sessions.filter((session) =>
    `${session.id} ${session.name} ${commandLine(session)}`.toLowerCase().includes(typed.toLowerCase()),
  )

/** The picture, `rows` lines at most, the chosen one always in it. */
export const pickerFrame = (
  found: readonly Session[],
  { typed, at }: State,
  { cols, rows }: { cols: number; rows: number },
  nowMs: number,
): string[] => {
  const room = Math.max(1, rows - 2)
  const first = Math.max(0, Math.min(at - Math.floor(room / 2), found.length - room))
  const lines = aligned(found.map((session) => row(session, nowMs))).slice(first, first + room)
  const shown = lines.map((line, index) => {
    const cut = fit(line, cols)
    return first + index === at ? `${REVERSE}${cut.padEnd(cols)}${PLAIN}` : cut
  })
  const none = found.length === 0 ? ['no session matches'] : []
  const blank = Array.from({ length: Math.max(0, room - shown.length - none.length) }, () => '')
  return [fit(HEAD, cols), ...shown, ...none, ...blank, fit(`> ${typed}`, cols)].slice(0, rows)
}

const moveOf = ({ name, ctrl }: Key): number => {
  if (name === 'down' || (ctrl && name === 'n')) return 1
  if (name === 'up' || (ctrl && name === 'p')) return -1
  return 0
}

/** null: left without a choice. */
export const pick = async (sessions: readonly Session[], io: Io): Promise<Session | null> => {
  const state: State = { typed: '', at: 0 }
  const chosen = Promise.withResolvers<Session | null>()
  const leave = (): void => chosen.resolve(null)
  const draw = (): void => screen.draw(pickerFrame(matching(sessions, state.typed), state, screen.size, Date.now()))
  const key = (pressed: Key): void => {
    const { name, ctrl, meta, sequence = '' } = pressed
    const found = matching(sessions, state.typed)
    if (name === 'escape' || (ctrl && (name === 'c' || name === 'd'))) leave()
    else if (name === 'return' || name === 'enter') chosen.resolve(found[state.at] ?? null)
    else if (name === 'backspace') state.typed = state.typed.slice(0, -1)
    else if (!ctrl && !meta && /^[ -~]$/.test(sequence)) state.typed += sequence
    const most = Math.max(0, matching(sessions, state.typed).length - 1)
    state.at = Math.min(Math.max(state.at + moveOf(pressed), 0), most)
    draw()
  }
  const screen = new FullScreen(io, { key, resize: draw })
  const unheard = onLeaving(io, leave)
  screen.enter()
  try {
    draw()
    return await chosen.promise
  } finally {
    screen.leave()
    unheard()
  }
}
