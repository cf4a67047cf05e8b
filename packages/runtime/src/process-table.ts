/** Processes by identity (pid and start time, so that a recycled pid is never taken for ours) and by descent, from /proc. */
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** One row of /proc/<pid>/stat; field numbers from proc(5). */
export interface ProcessRow {
  pid: number
  /** Field 3: Z and X are dead already. */
  state: string
  /** Fields 4, 5 and 6. */
  parent: number
  group: number
  session: number
  /** Field 8: the group in the foreground of its terminal; -1 without one. */
  foreground: number
  /** Field 22, clock ticks since boot. */
  startTicks: number
}

/** Milliseconds between two looks at a process that should end. */
const LOOK_MS = 20

/** The command's name, field 2, stands in parentheses and may hold blanks and parentheses itself. */
export const parseStat = (text: string): ProcessRow | null => {
  const end = text.lastIndexOf(') ')
  const rest = text.slice(end + 2).split(' ')
  const [state = '', parent, group, session, , foreground] = rest
  const row = { pid: Number.parseInt(text, 10), state, startTicks: Number(rest[19]) }
  if (end < 0 || Number.isNaN(row.pid) || Number.isNaN(row.startTicks)) return null
  const numbers = { parent: Number(parent), group: Number(group), session: Number(session) }
  return { ...row, ...numbers, foreground: Number(foreground) }
}

/** Null when there is none, or none that lives. */
export const read = async (pid: number): Promise<ProcessRow | null> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const row = parseStat(text)
  return row && row.state !== 'Z' && row.state !== 'X' ? row : null
}

/** Its command and arguments; empty for one that is gone. */
export const argumentsOf = async (pid: number): Promise<string[]> =>
  (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0').slice(0, -1)

export const isAlive = async (row: ProcessRow): Promise<boolean> => (await read(row.pid))?.startTicks === row.startTicks

const alive = async (rows: readonly ProcessRow[]): Promise<ProcessRow[]> => {
  const lives = await Promise.all(rows.map(isAlive))
  return rows.filter((_row, index) => lives[index])
}

/** The living ones of `roots`, their sessions and groups, and everything that descends from any of these. */
export const family = async (roots: readonly ProcessRow[]): Promise<ProcessRow[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const all = (await Promise.all(pids.map(read))).filter((row) => row !== null)
  const isRoot = (row: ProcessRow) => roots.some((root) => root.pid === row.pid && root.startTicks === row.startTicks)
  const members = new Set(all.filter(isRoot).map((row) => row.pid))
  const belongs = (row: ProcessRow) =>
    !members.has(row.pid) && (members.has(row.parent) || members.has(row.session) || members.has(row.group))
  for (let found = all.filter(belongs); found.length > 0; found = all.filter(belongs)) {
    for (const row of found) members.add(row.pid)
  }
  return all.filter((row) => members.has(row.pid))
}

/** To that very process: not to another one that has its pid by now. */
export const signal = async (row: ProcessRow, name: NodeJS.Signals): Promise<void> => {
  if (!(await isAlive(row))) return
  try {
    process.kill(row.pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** True when all have gone within the time. */
export const gone = async (rows: readonly ProcessRow[], withinMs: number): Promise<boolean> => {
  const until = Date.now() + withinMs
  while ((await alive(rows)).length > 0) {
    if (Date.now() >= until) return false
    await delay(LOOK_MS)
  }
  return true
}

/** SIGKILL to all of them and what they started meanwhile; false when some are left after the time. */
export const killAll = async (roots: readonly ProcessRow[], withinMs: number): Promise<boolean> => {
  const until = Date.now() + withinMs
  for (let left = await family(roots); left.length > 0; left = await family(left)) {
    if (Date.now() >= until) return false
    await Promise.all(left.map((row) => signal(row, 'SIGKILL')))
    await gone(left, LOOK_MS)
  }
  return true
}
