/** Where a session that could run on either side goes: a pure function of how full this machine is, which the user may replace. */
import type { CreateSession } from '@holdfast/protocol'

/** tmux on this machine, or the cluster. */
export type Side = 'local' | 'cluster'

export const sideName = (side: Side): string => (side === 'local' ? 'on this machine' : 'in the cluster')

/** How full this machine is. */
export interface LocalLoad {
  /** Live ones of ours. */
  sessions: number
  /** Memory that programs may still take, MiB. */
  memoryFreeMb: number
  /** Runnable processes for each core, over the last minute. */
  load: number
}

/** Says where a session goes; asked only for one that could run on either side. */
export type Policy = (load: LocalLoad, body: CreateSession) => Side

/** Beyond any of these this machine is full. */
export interface Capacity {
  /** Live sessions of ours. Default: 50. */
  maxSessions: number
  /** MiB. Default: 1024. */
  minMemoryFreeMb: number
  /** Runnable processes for each core, over the last minute. Default: 2. */
  maxLoad: number
}
const DEFAULT: Capacity = { maxSessions: 50, minMemoryFreeMb: 1024, maxLoad: 2 }

/** Here as long as there is room, else to the cluster. */
export const localFirst = (capacity: Partial<Capacity> = {}): Policy => {
  const { maxSessions, minMemoryFreeMb, maxLoad } = { ...DEFAULT, ...capacity }
  return ({ sessions, memoryFreeMb, load }) =>
    sessions < maxSessions && memoryFreeMb >= minMemoryFreeMb && load <= maxLoad ? 'local' : 'cluster'
}

export const inWords = ({ sessions, memoryFreeMb, load }: LocalLoad): string =>
  `${sessions} sessions, ${Math.round(memoryFreeMb)} MB of memory free, load ${load.toFixed(1)} a core`
