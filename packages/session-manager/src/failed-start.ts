/** A create that failed is an error, with the code that it has where a mode can tell before there is a session. */
import { type ErrorCode, HoldfastError, type Session } from '@holdfast/protocol'

const CODES: Readonly<Record<string, ErrorCode>> = {
  'command-not-found': 'COMMAND_NOT_FOUND',
  'cwd-not-found': 'CWD_NOT_FOUND',
}

/** Throws for a session whose phase is `failed`. */
export const refuseFailed = ({ id, phase, reason = 'no reason was given' }: Session): void => {
  if (phase !== 'failed') return
  const code = CODES[reason.split(':')[0] ?? ''] ?? 'RUNTIME_UNAVAILABLE'
  throw new HoldfastError(code, `session ${id} failed: ${reason}`)
}
