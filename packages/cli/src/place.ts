/** Where this call works: from its flags and the environment, else the context in use, else what `npm start` wrote, else tmux on this machine. */
import { HoldfastClient } from '@holdfast/client'
import { localFirst, type SessionApi, sessionsOf } from '@holdfast/session-manager'
import { oneOf } from './command.ts'
import { ConfigurationError, findConnection } from './connection.ts'
import { MODES, type Mode, type Place, readContexts } from './contexts.ts'
import type { Io } from './io.ts'

export interface Flags {
  context?: string | undefined
  mode?: string | undefined
}

const named = (env: NodeJS.ProcessEnv, name: string): Place => {
  const { contexts } = readContexts(env)
  const found = contexts[name]
  if (found === undefined) {
    const names = Object.keys(contexts).join(', ') || 'none'
    throw new ConfigurationError(`there is no context "${name}"; there are: ${names}. \`holdfast login\` makes one`)
  }
  return found
}

const configured = (env: NodeJS.ProcessEnv, flags: Flags): Place => {
  const name = flags.context ?? env.HOLDFAST_CONTEXT
  if (name) return named(env, name)
  if (!env.HOLDFAST_URL && !env.HOLDFAST_CONFIG) {
    const { current } = readContexts(env)
    if (current !== null) return named(env, current)
  }
  const connection = findConnection(env)
  return connection === null ? { mode: 'simple' } : { mode: 'distributed', ...connection }
}

/** Throws ConfigurationError and UsageError. */
export const placeOf = (env: NodeJS.ProcessEnv, flags: Flags): Place => {
  const place = configured(env, flags)
  const mode = flags.mode ?? env.HOLDFAST_MODE
  return mode ? { ...place, mode: oneOf<Mode>('--mode', MODES, mode) } : place
}

const NO_GATEWAY =
  'no gateway is configured; run `npm start` in a checkout, `holdfast login URL`, or set HOLDFAST_URL and HOLDFAST_KEY'

/** Throws ConfigurationError when the place has no gateway. */
export const clusterOf = ({ url, key }: Place): HoldfastClient => {
  if (url === undefined || key === undefined) throw new ConfigurationError(NO_GATEWAY)
  return new HoldfastClient({ url, key })
}

/** The socket of tmux, for tests and for several of them. */
const socketOf = (env: NodeJS.ProcessEnv) => (env.HOLDFAST_SOCKET ? { socket: env.HOLDFAST_SOCKET } : {})

/** Throws ConfigurationError when the place has no gateway. */
export const gatewayOf = ({ url }: Place): string => {
  if (url === undefined) throw new ConfigurationError(NO_GATEWAY)
  return url
}

export const sessionsAt = (place: Place, { env, stderr }: Io): SessionApi => {
  const { mode, url, key } = place
  if (mode === 'simple') return sessionsOf({ mode, ...socketOf(env) })
  if (mode === 'distributed') return clusterOf(place)
  if (url === undefined || key === undefined) throw new ConfigurationError(NO_GATEWAY)
  const onNotice = (notice: string | null): void => {
    if (notice !== null) stderr.write(`holdfast: ${notice}\n`)
  }
  return sessionsOf({ mode, url, key, ...socketOf(env), policy: localFirst(), onNotice })
}
