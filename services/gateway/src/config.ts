/** The gateway's environment, declared once: type, check, default and documentation. */
import { int, list, readEnv, secretFile, str, type Values } from '@holdfast/service-kit'

export const SPEC = {
  HOLDFAST_BIND: str('address to listen on', '127.0.0.1'),
  PORT: int('HTTP and WebSocket port', 8080),
  METRICS_PORT: int('port of /metrics', 9080),
  REDIS_URL: str('session store: redis://host:port, redis+sentinel://…/<name> or redis+cluster://…'),
  ORCHESTRATOR_URL: str('where /v1 is forwarded to, like http://orchestrator:8081'),
  HOLDFAST_CLUSTER: str('id of the cluster, leads every name in the store', 'local'),
  HOLDFAST_MASTER_KEY_FILE: secretFile('file with the secret that all other keys derive from'),
  HOLDFAST_KEYS_FILE: str('JSON file of the API keys, by hash; read again whenever it changes'),
  HOLDFAST_ORIGINS: list('further web origins that may connect, comma-separated; its own origin always may', ''),
  HOLDFAST_CONSOLE_DIR: str('directory of the built console; empty: none is served', ''),
  HOLDFAST_MAX_SOCKETS: int('attachments of one principal at the same time', 2000),
  LOG_LEVEL: str('trace, debug, info, warn, error or fatal', 'info'),
  DRAIN_DELAY_MS: int('milliseconds between "not ready" and the drain', 0),
}

/** Set by the orchestrator that starts the door. */
export const DOOR_SPEC = {
  HOLDFAST_DOOR_LISTEN: str('private address and port to listen on, like 10.0.0.7:7070'),
  HOLDFAST_DOOR_KEY: str('hex key with which orders for this door are signed'),
  HOLDFAST_HOSTS_DIR: str('directory of the session hosts of the node'),
  LOG_LEVEL: str('trace, debug, info, warn, error or fatal', 'info'),
}

export const readConfig = (env: NodeJS.ProcessEnv): Config => readEnv(SPEC, env)
export type Config = Values<typeof SPEC>
