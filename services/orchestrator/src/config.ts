/** Environment variables of the orchestrator, declared once: type, check, default and documentation. */
import { bool, int, oneOf, readEnv, secretFile, str, type Variable } from '@holdfast/service-kit'
import { FAIL_POINT } from './fail-point.ts'

const pattern = (variable: Variable<string>, shape: RegExp, words: string): Variable<string> => ({
  ...variable,
  parse: (text) => {
    if (!shape.test(text)) throw new Error(`must be ${words}, not "${text}"`)
    return text
  },
})

const commandLine: Variable<readonly string[]> = {
  about: 'process runtime: command that starts a session host, as a JSON array',
  fallback: '[]',
  parse: (text) => {
    const value: unknown = JSON.parse(text)
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
      throw new Error('must be a JSON array of strings')
    }
    return value as string[]
  },
}

export const SPEC = {
  HOLDFAST_BIND: str('address to listen on', '127.0.0.1'),
  PORT: int('HTTP listen port', 8081),
  METRICS_PORT: int('port of /metrics', 9081),
  REDIS_URL: str('session store and queues: redis://host:port, redis+sentinel://…/<name> or redis+cluster://…'),
  HOLDFAST_ALLOW_EVICTION: bool('use a Redis that may drop sessions when it is full (managed services)', false),
  HOLDFAST_CLUSTER: pattern(str('name of this cluster', 'local'), /^[a-z0-9]{1,12}$/, '1 to 12 letters or digits'),
  HOLDFAST_REGION: pattern(
    str('region, the first part of session ids', 'local'),
    /^[a-z][a-z0-9]{0,15}$/,
    'a letter and up to 15 letters or digits',
  ),
  HOLDFAST_MASTER_KEY_FILE: secretFile('file with the key from which all other keys are derived'),
  HOLDFAST_RUNTIME: oneOf('where session hosts run', ['docker', 'process'] as const, 'docker'),
  HOLDFAST_HOSTS_DIR: str('directory of the session hosts’ sockets, shared with the gateway'),
  HOLDFAST_NODES_FILE: str('YAML or JSON file with the nodes; empty: this machine alone', ''),
  HOLDFAST_PLACEMENT: oneOf(
    'which node a session goes to: the emptiest or the fullest that has room',
    ['spread', 'pack'] as const,
    'spread',
  ),
  HOLDFAST_CPU_OVERCOMMIT: int('how many times the cores of a node’s capacity may be promised to sessions', 4),
  HOLDFAST_TEMPLATES_FILE: str('YAML or JSON file with the templates'),
  HOLDFAST_QUOTAS_FILE: str('YAML or JSON file with the quotas of the tenants; empty: no limits', ''),
  HOLDFAST_HOST_COMMAND: commandLine,
  HOLDFAST_DOCKER_SOCKET: str('docker runtime: socket of the engine', '/var/run/docker.sock'),
  HOLDFAST_GUARD_IMAGE: str('docker runtime: image that sets up the network guard', 'holdfast/service'),
  HOLDFAST_RETENTION_SECONDS: int('how long the record of an ended session is kept, unless it is deleted', 86_400),
  HOLDFAST_NODE_LOST_SECONDS: int('a node that does not answer for so long is called lost (condition NodeLost)', 60),
  HOLDFAST_NODE_REPLACE_SECONDS: int(
    'and after so long sessions whose restart policy says so start on another node',
    300,
  ),
  HOLDFAST_DEATHS_SECONDS: int('how long deaths and last screens are kept, also of deleted sessions; 0: none', 604_800),
  PROMETHEUS_URL: str('where charts come from, like http://prometheus:9090; empty: from the services themselves', ''),
  LOG_LEVEL: oneOf('least level of the log', ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const, 'info'),
  DRAIN_DELAY_MS: int('milliseconds between "not ready" and the drain', 0),
  HOLDFAST_FAIL_POINT: pattern(
    str(
      'for fault tests alone: a call to the outside at which this process kills itself, such as runtime.create:after',
      '',
    ),
    new RegExp(`^$|${FAIL_POINT.source}`),
    'store, warm, jobs, runtime or host, a dot, the call, then :before or :after',
  ),
}

export const readConfig = (env: NodeJS.ProcessEnv) => readEnv(SPEC, env)
export type Config = ReturnType<typeof readConfig>
