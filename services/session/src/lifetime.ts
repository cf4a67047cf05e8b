/** From the session's end to the host's own: lingering for clients that were away, the death note, the exit code. */

import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { HostExit } from '@holdfast/protocol'
import type { Logger } from '@holdfast/service-kit'
import type { Host } from './host.ts'

export interface LifetimeParts {
  host: Host
  logger: Logger
  lingerMs: number
  /** Writes one line to standard output; resolves when it is out. */
  writeLine(line: string): Promise<void>
  exit(code: number): void
}

const STOP_GRACE_MS = 5_000
/** What viewers get to take in the last output, and callers the last answer, before the host goes at once. */
const FAREWELL_MS = 500

/** As shells have it: 128 and the signal's number. */
const exitCodeOf = ({ exitCode, signal }: HostExit): number => {
  if (exitCode !== null) return exitCode
  const number = Object.entries(constants.signals).find(([name]) => name === `SIG${signal}`)?.[1]
  return 128 + (number ?? Number(signal))
}

/** Returns what SIGTERM does: end the session, and then the host without lingering. */
export const superviseLifetime = ({
  host,
  logger,
  lingerMs,
  writeLine,
  exit,
}: LifetimeParts): (() => Promise<void>) => {
  let leaving = false
  const leave = async (): Promise<void> => {
    if (leaving) return
    leaving = true
    const note = await host.deathNote()
    if (note !== null) await writeLine(JSON.stringify(note))
    exit(note === null ? 0 : exitCodeOf(note.exit))
  }
  void host.claimed.then(async (session) => {
    await session.gone
    await delay(session.isSuspended ? FAREWELL_MS : lingerMs)
    session.attachments.end('SESSION_ENDED', 'the session and its host have ended')
    await leave()
  })
  return async () => {
    logger.info('told to go')
    if (host.claim !== null) {
      await host.session.stop(STOP_GRACE_MS)
      if (host.session.attachments.count > 0) await delay(FAREWELL_MS)
    }
    await leave()
  }
}
