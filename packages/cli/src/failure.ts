/** A failure in words for the terminal: what happened, and what the user can do about it. */
import { type ErrorCode, HoldfastError } from '@holdfast/protocol'

const HINTS: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: 'check HOLDFAST_KEY, or the key in the configuration file',
  FORBIDDEN: 'this key may not do that; ask an operator, or use the key of one',
  SESSION_NOT_FOUND: '`holdfast ls` lists the sessions',
  SESSION_ENDED: '`holdfast screen` shows the last screen',
  NODE_NOT_FOUND: '`holdfast admin nodes` lists the nodes',
  UNKNOWN_TEMPLATE: 'the names are in the templates file of the installation',
  COMMAND_NOT_FOUND: 'the command has to exist in the image of the template, not on this machine',
  CWD_NOT_FOUND: 'the directory has to exist in the session, not on this machine',
  KICKED: '`holdfast attach` attaches again',
  TOO_MANY: 'end what is not needed, or try again in a moment',
  QUOTA_EXCEEDED: '`holdfast usage` shows the quota; `holdfast kill` ends a session',
  HOST_UNREACHABLE: 'is Holdfast running? `npm start` starts it',
  ORCHESTRATOR_UNAVAILABLE: 'running sessions go on; try again in a moment',
  STORE_UNAVAILABLE: 'running sessions go on; try again in a moment',
  RUNTIME_UNAVAILABLE: 'is the container engine running? sessions that run go on',
  TIMEOUT: 'try again in a moment',
}

/** `holdfast: …`, and a hint on a second line where there is one. */
export const failureText = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error)
  const hint = error instanceof HoldfastError ? HINTS[error.code] : undefined
  return `holdfast: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`
}
