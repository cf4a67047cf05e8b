/** How a command ended, in the words of the protocol and of the screen. */
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import type { HostExit } from '@holdfast/protocol'
import type { Ending } from './ending-mark.ts'

const LEADER_LOST = "the session's leader was killed: how the command ended is not known"

const signalName = (number: number): string => {
  const found = Object.entries(constants.signals).find(([, value]) => value === number)
  return found?.[0].replace(/^SIG/, '') ?? String(number)
}

/** As shells have it: 127 for a command that is not there, 126 for one that cannot be run. */
const notStartedCode = (errno: number): number => (errno === constants.errno.ENOENT ? 127 : 126)

export type CommandEnd = Omit<HostExit, 'offset' | 'ttyEnd' | 'endedAt'>

export const exitOf = ({ kind, number, coreDumped }: Ending): CommandEnd => {
  if (kind === 'exit') return { exitCode: number, signal: null }
  if (kind === 'not-started') return { exitCode: notStartedCode(number), signal: null }
  if (kind === 'lost') return { exitCode: null, signal: null, failure: LEADER_LOST }
  return { exitCode: null, signal: signalName(number), ...(coreDumped ? { coreDumped } : {}) }
}

/** What the screen must say, because the command could not. */
export const lastLine = ({ kind, number }: Ending, command: string): string | null => {
  if (kind === 'not-started') return `"${command}" could not be started: ${getSystemErrorName(-number)}`
  return kind === 'lost' ? LEADER_LOST : null
}
