/** The door of a node, a process of its own there: gateways and orchestrators elsewhere reach the node's session hosts through it. */
import { localMachine } from '@holdfast/runtime/machine'
import { newLogger, readEnv } from '@holdfast/service-kit'
import { DOOR_SPEC } from './config.ts'
import { buildDoor } from './door-server.ts'

const config = readEnv(DOOR_SPEC, process.env)
const logger = newLogger('door', config.LOG_LEVEL)
const { HOLDFAST_HOSTS_DIR: hostsDir, HOLDFAST_DOOR_KEY: key } = config
const [, host = '', port = ''] = /^\[?(.+?)\]?:(\d{1,5})$/.exec(config.HOLDFAST_DOOR_LISTEN) ?? []

const door = buildDoor({ machine: localMachine(hostsDir), hostsDir, key, logger })
door.on('error', (error) => {
  logger.error({ err: error }, 'the door cannot listen')
  process.exit(1)
})
door.listen({ host, port: Number(port) }, () => logger.info({ host, port }, 'listening'))
// Streams end with the process, as with a node that is cut off: clients come back by themselves.
process.on('SIGTERM', () => process.exit(0))
