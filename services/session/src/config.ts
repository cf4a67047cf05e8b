/** The environment of a session host. */
import { LINGER_MS } from '@holdfast/protocol'
import { int, readEnv, str, type Values } from '@holdfast/service-kit'

export const SPEC = {
  HOLDFAST_HOST_ID: str('id of this host; grants name it'),
  HOLDFAST_HOST_KEY: str('hex key with which grants for this host are signed'),
  HOLDFAST_LISTEN: str('where to listen: unix:<path> or tcp:<host>:<port>'),
  HOLDFAST_LINGER_MS: int('milliseconds to stay after the end of the session, for clients that were away', LINGER_MS),
  HOLDFAST_HOLD: str('path of the session leader `hold`; empty: the one built beside this program', ''),
  LOG_LEVEL: str('least severe level that is logged: trace, debug, info, warn, error', 'info'),
}
export type Config = Values<typeof SPEC>
export const readConfig = (env: NodeJS.ProcessEnv): Config => readEnv(SPEC, env)
