/** Processes of this machine and what they cost, from /proc (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessRow {
  pid: number
  parent: number
  name: string
}
export interface Memory {
  /** Proportional set size: shared pages are divided by those who share them. */
  pssKib: number
  /** What goes when this process goes. */
  privateKib: number
}

/** USER_HZ, 100 on every Linux that Node runs on. */
const TICK_MS = 10

/** '' for a process that is gone, or that we may not look at. */
const read = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}

/** The name stands in parentheses and may hold blanks; the fields after it are counted from 3. */
const statFields = (pid: number): string[] => {
  const text = read(pid, 'stat')
  return text.slice(text.lastIndexOf(') ') + 2).split(' ')
}

export const processes = (): ProcessRow[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .map((pid) => ({ pid, parent: Number(statFields(pid)[1]), name: read(pid, 'comm').trim() }))
    .filter(({ name }) => name !== '')

/** The roots and all that descends from them. */
export const family = (all: readonly ProcessRow[], roots: readonly number[]): ProcessRow[] => {
  const members = new Set(roots)
  const joins = ({ pid, parent }: ProcessRow) => members.has(parent) && !members.has(pid)
  for (let found = all.filter(joins); found.length > 0; found = all.filter(joins)) {
    for (const { pid } of found) members.add(pid)
  }
  return all.filter(({ pid }) => members.has(pid))
}

/** Those with the text in their environment or arguments. */
export const naming = (all: readonly ProcessRow[], text: string): ProcessRow[] =>
  all.filter(({ pid }) => read(pid, 'environ').includes(text) || read(pid, 'cmdline').includes(text))

export const memoryOf = (pid: number): Memory => {
  const text = read(pid, 'smaps_rollup')
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0)
  return { pssKib: kib('Pss'), privateKib: kib('Private_Clean') + kib('Private_Dirty') }
}

export const rssKibOf = (pid: number): number => Number(/^VmRSS:\s+(\d+)/m.exec(read(pid, 'status'))?.[1] ?? 0)

/** User and system time since its start, milliseconds; 0 when it is gone. */
export const cpuMsOf = (pid: number): number => {
  const fields = statFields(pid)
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS
}

/** How many files this process may open; Node has raised it to the hard limit at its start. */
export const descriptorLimit = (): number => Number(/^Max open files\s+(\d+)/m.exec(read(process.pid, 'limits'))?.[1])
