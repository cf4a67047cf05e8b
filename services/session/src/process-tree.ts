/** The processes below one process, read from /proc, and signals to them. */
import { readdirSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs'
import type { Resources } from '@holdfast/protocol'

export interface Process {
  pid: number
  state: string
  parent: number
  /** Its process group. */
  group: number
  /** The session's leader (setsid). */
  leader: number
  /** Device number of its controlling terminal; 0 without one. */
  terminal: number
  /** Foreground process group of its terminal; -1 without one. */
  foreground: number
  /** Clock ticks after boot. */
  startedAt: number
  /** CPU time of its own and of its children that have ended, clock ticks. */
  cpuTicks: number
}

/** USER_HZ is 100 on every architecture that Node runs on. */
const TICK_MS = 10

/** Source: proc_pid_stat(5). The name in parentheses may itself hold blanks and parentheses. */
const readProcess = (pid: number | string): Process | null => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state = '', ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [parent = 0, group = 0, leader = 0, terminal = 0, foreground = -1] = fields.map(Number)
    const [startedAt, cpu] = [Number(fields[18]), fields.slice(10, 14).map(Number)]
    const cpuTicks = cpu.reduce((sum, ticks) => sum + ticks, 0)
    return { pid: Number(pid), state, parent, group, leader, terminal, foreground, startedAt, cpuTicks }
  } catch {
    return null // it ended meanwhile
  }
}

const livingProcesses = (): Process[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(readProcess)
    .filter((found) => found !== null)
    .filter(({ state }) => state !== 'Z' && state !== 'X')

/** Everything below `root`, our child and a subreaper, and what is left of its session when it is gone; not `root` itself. */
export const processesBelow = (root: number): Process[] => {
  const all = livingProcesses()
  // A number that is no child of ours any more may already be another process.
  const found = new Set(all.filter(({ pid, parent }) => pid === root && parent === process.pid).map(({ pid }) => pid))
  let before = -1
  while (found.size > before) {
    before = found.size
    for (const { pid, parent, leader } of all) if (found.has(parent) || leader === root) found.add(pid)
  }
  found.delete(root)
  return all.filter(({ pid }) => found.has(pid))
}

const tree = (root: number): Process[] =>
  [readProcess(root), ...processesBelow(root)].filter((found): found is Process => found !== null)

const cpuMs = (processes: readonly Process[]): number =>
  processes.reduce((sum, { cpuTicks }) => sum + cpuTicks * TICK_MS, 0)

/** CPU time that `root` and everything below it have had, also what has ended since, milliseconds. */
export const cpuMsBelow = (root: number): number => cpuMs(tree(root))

/** A line `name: N kB` of a file of /proc, as bytes; null where that cannot be read, also of a process that ended meanwhile. */
const bytesIn = (path: string, name: string): number | null => {
  try {
    const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(path, 'latin1')) ?? []
    return kilobytes === undefined ? 0 : Number(kilobytes) * 1024
  } catch {
    return null
  }
}

/** Proportional share (proc_pid_smaps(5)); of a process of somebody else, and where the kernel does not tell it, all that is resident. */
const memoryBytes = (pid: number): number =>
  bytesIn(`/proc/${pid}/smaps_rollup`, 'Pss') ?? bytesIn(`/proc/${pid}/status`, 'VmRSS') ?? 0

/** What `root` and everything below it use. */
export const resourcesBelow = (root: number): Resources => {
  const processes = tree(root)
  const memory = processes.reduce((sum, { pid }) => sum + memoryBytes(pid), 0)
  return { cpuMs: cpuMs(processes), memoryBytes: memory, processes: processes.length }
}

/** The oldest child: of a subreaper the one it started itself, before it adopted others. */
export const firstChild = (root: number): number | null => {
  const children = livingProcesses().filter(({ parent }) => parent === root)
  return children.sort((a, b) => a.startedAt - b.startedAt || a.pid - b.pid)[0]?.pid ?? null
}

export const foregroundGroup = (leader: number): number | null => {
  const group = readProcess(leader)?.foreground ?? -1
  return group > 0 ? group : null
}

/** Empty for one that is gone. */
export const argumentsOf = (pid: number): string[] => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  } catch {
    return []
  }
}

/** null for one that is gone or another user's. */
export const directoryOf = (pid: number): string | null => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return null
  }
}

/** What `/dev/tty` is whichever terminal it stands for (kernel documentation, admin-guide/devices: 5, 1 << 8 | minor 0). */
const OWN_TERMINAL = 5 << 8

/** Could this process write to the terminal `device`, its controlling one or not? */
export const holdsTerminal = ({ pid, terminal }: Process, { dev, rdev }: Stats): boolean => {
  const isIt = (path: string): boolean => {
    const file = statSync(path, { throwIfNoEntry: false })
    if (file === undefined || !file.isCharacterDevice()) return false
    return file.rdev === OWN_TERMINAL ? terminal === rdev : file.dev === dev && file.rdev === rdev
  }
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => isIt(`/proc/${pid}/fd/${fd}`))
  } catch (error) {
    // Of a process with other rights only the controlling terminal can be seen; a daemon has none.
    return (error as NodeJS.ErrnoException).code === 'EACCES' && terminal === rdev
  }
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

/** To the process that was seen, not to another one that got its number since. */
export const signalProcess = ({ pid, startedAt }: Process, signal: NodeJS.Signals): void => {
  if (readProcess(pid)?.startedAt === startedAt) sendSignal(pid, signal)
}
