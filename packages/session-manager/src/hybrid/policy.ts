/** Where a session that could run on either side goes: a pure function of how full this machine is, which the user may replace. */
import type { CreateSession } from '@holdfast/protocol'

export type Side = 'local' | 'cluster'

export interface LocalLoad {
  /** Live ones of ours. */
  sessions: number
  memoryFreeMb: number
  /** Runnable processes for each core, over the last minute. */
  load: number
}

export type Policy = (load: LocalLoad, body: CreateSession) => Side

/** Beyond any of these this machine is full. */
export interface Capacity {
  maxSessions: number
  minMemoryFreeMb: number
  maxLoad: number
}
const DEFAULT: Capacity = { maxSessions: 50, minMemoryFreeMb: 1024, maxLoad: 2 }

/** Here as long as there is room. */
export const localFirst = (capacity: Partial<Capacity> = {}): Policy => {
  const { maxSessions, minMemoryFreeMb, maxLoad } = { ...DEFAULT, ...capacity }
  return ({ sessions, memoryFreeMb, load }) =>
    sessions < maxSessions && memoryFreeMb >= minMemoryFreeMb && load <= maxLoad ? 'local' : 'cluster'
}

export const inWords = ({ sessions, memoryFreeMb, load }: LocalLoad): string =>
  `${sessions} sessions, ${Math.round(memoryFreeMb)} MB of memory free, load ${load.toFixed(1)} a core`
