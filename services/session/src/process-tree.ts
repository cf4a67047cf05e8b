/** The processes below one process, read from /proc, and signals to them. */
import { readdirSync, readFileSync } from 'node:fs'

interface Stat {
  pid: number
  state: string
  parent: number
  /** The session's leader (setsid). */
  leader: number
  /** Foreground process group of its terminal; -1 without one. */
  foreground: number
  /** Clock ticks after boot. */
  startedAt: number
}

/** Source: proc_pid_stat(5). The name in parentheses may itself hold blanks and parentheses. */
const readStat = (pid: number | string): Stat | null => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state = '', ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [parent = 0, , leader = 0, , foreground = -1] = fields.map(Number)
    return { pid: Number(pid), state, parent, leader, foreground, startedAt: Number(fields[18]) }
  } catch {
    return null // it ended meanwhile
  }
}

const livingProcesses = (): Stat[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(readStat)
    .filter((stat) => stat !== null)
    .filter((stat) => stat.state !== 'Z' && stat.state !== 'X')

/** Everything below `root`, our child and a subreaper, and what is left of its session when it is gone; not `root` itself. */
export const processesBelow = (root: number): number[] => {
  const all = livingProcesses()
  // A number that is no child of ours any more may already be another process.
  const found = new Set(all.filter(({ pid, parent }) => pid === root && parent === process.pid).map(({ pid }) => pid))
  let before = -1
  while (found.size > before) {
    before = found.size
    for (const { pid, parent, leader } of all) if (found.has(parent) || leader === root) found.add(pid)
  }
  found.delete(root)
  return [...found]
}

/** The oldest child: of a subreaper the one it started itself, before it adopted others. */
export const firstChild = (root: number): number | null => {
  const children = livingProcesses().filter(({ parent }) => parent === root)
  return children.sort((a, b) => a.startedAt - b.startedAt || a.pid - b.pid)[0]?.pid ?? null
}

export const foregroundGroup = (leader: number): number | null => {
  const group = readStat(leader)?.foreground ?? -1
  return group > 0 ? group : null
}

/** False when nobody was there to take it, or it is not ours to signal. A negative pid is a process group. */
export const sendSignal = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}
