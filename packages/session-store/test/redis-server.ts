/** A real Redis 7 in a container for one test file; its port stays the same when it is stopped and started again. */
import { createServer } from 'node:net'
import { after } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { randomId } from '@holdfast/protocol'
import { GenericContainer, getContainerRuntimeClient, PullPolicy, Wait } from 'testcontainers'

const REDIS_PORT = 6379

export interface RedisServer {
  url: string
  /** Freezes the process: connections stay, nothing answers. */
  pause(): Promise<void>
  unpause(): Promise<void>
  /** Ends the process: connections are refused. */
  stop(): Promise<void>
  start(): Promise<void>
}

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const start = async (): Promise<RedisServer> => {
  const host = await freePort()
  const started = await new GenericContainer('holdfast/redis:7')
    .withPullPolicy(PullPolicy.neverPull())
    .withCommand([
      'redis-server',
      '--protected-mode',
      'no',
      '--maxmemory-policy',
      'noeviction',
      '--save',
      '',
      '--appendonly',
      'no',
    ])
    .withExposedPorts({ container: REDIS_PORT, host })
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .start()
  const container = (await getContainerRuntimeClient()).container.getById(started.getId())
  after(async () => void (await started.stop()))
  return {
    url: `redis://${started.getHost()}:${host}`,
    pause: async () => void (await container.pause()),
    unpause: async () => void (await container.unpause()),
    stop: async () => void (await container.stop({ t: 0 })),
    start: async () => void (await container.start()),
  }
}

export const newCluster = (): string => `t${randomId(8)}`

/** Started before the tests of the file, removed after them. With CI=true a machine without Docker fails. */
export const serversForTests = async <T>(
  env: NodeJS.ProcessEnv,
  startAll: () => Promise<T>,
): Promise<{ skip: string | false; server: () => T }> => {
  env.TESTCONTAINERS_RYUK_DISABLED = 'true' // its image may not be here, and nothing is pulled
  try {
    const server = await startAll()
    return { skip: false, server: () => server }
  } catch (error) {
    if (env.CI === 'true') throw error
    const skip = `no Redis in a container here: ${error instanceof Error ? error.message : String(error)}`
    return {
      skip,
      server: () => {
        throw new Error(skip)
      },
    }
  }
}

export const redisForTests = (env: NodeJS.ProcessEnv) => serversForTests(env, start)

/** Asks until the condition gives something other than false or undefined, for at most `seconds`. */
export const eventually = async <T>(
  what: string,
  condition: () => Promise<T | false | undefined> | T | false | undefined,
  seconds = 20,
): Promise<T> => {
  for (const until = Date.now() + seconds * 1000; ; await delay(25)) {
    const value = await condition()
    if (value !== false && value !== undefined) return value
    if (Date.now() > until) throw new Error(`not within ${seconds} s: ${what}`)
  }
}
