/** A create that is over only when the session runs: one that is still starting is waited for, one that failed is an error. */
import { setTimeout as delay } from 'node:timers/promises'
import { type ErrorCode, HoldfastError, type Session } from '@holdfast/protocol'
import type { SessionApi } from './api.ts'

/** Between two looks at a session that did not start within the API's own wait. */
const LOOK_AGAIN_MS = 500

/** Codes of the same failures where a mode can tell them before there is a session. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  'command-not-found': 'COMMAND_NOT_FOUND',
  'cwd-not-found': 'CWD_NOT_FOUND',
}

const failure = ({ id, reason = 'no reason was given' }: Session): HoldfastError =>
  new HoldfastError(CODES[reason.split(':')[0] ?? ''] ?? 'RUNTIME_UNAVAILABLE', `session ${id} failed: ${reason}`)

export const untilStarted = async (api: SessionApi, made: Session, signal?: AbortSignal): Promise<Session> => {
  let session = made
  while (session.phase === 'pending' || session.phase === 'starting') {
    await delay(LOOK_AGAIN_MS, undefined, { signal })
    session = await api.getSession(session.id)
  }
  if (session.phase === 'failed') throw failure(session)
  return session
}
