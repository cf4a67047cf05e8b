/** What the commands know of the process: its streams, its environment and its signals. */
import type { EventEmitter } from 'node:events'
import type { Readable, Writable } from 'node:stream'

export interface Input extends Readable {
  isTTY?: boolean
  setRawMode?(raw: boolean): unknown
}
/** A terminal says `resize` when `columns` and `rows` change. */
export interface Output extends Writable {
  isTTY?: boolean
  columns?: number
  rows?: number
}
/** They end what holds the terminal, and it is put back in order first. */
const LEAVING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
export type Leaving = (typeof LEAVING)[number]

export interface Io {
  env: NodeJS.ProcessEnv
  stdin: Input
  stdout: Output
  stderr: Output
  /** Says `SIGTERM` and the like. */
  signals: EventEmitter
}

/** `leave` hears what should end a command, until the returned function is called; without it the process would end at once. */
export const onLeaving = ({ signals }: Pick<Io, 'signals'>, leave: (signal: Leaving) => void): (() => void) => {
  for (const signal of LEAVING) signals.on(signal, leave)
  return () => {
    for (const signal of LEAVING) signals.off(signal, leave)
  }
}
