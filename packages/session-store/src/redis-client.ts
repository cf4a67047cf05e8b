/** One client for what REDIS_URL names: a server, the master that Sentinels know, or a Cluster. */
import { HoldfastError } from '@holdfast/protocol'
import { Cluster, Redis, type RedisOptions } from 'ioredis'

export type RedisClient = Redis | Cluster

/** What all our connections set for themselves. */
type Options = Pick<
  RedisOptions,
  | 'enableOfflineQueue'
  | 'autoResendUnfulfilledCommands'
  | 'maxRetriesPerRequest'
  | 'commandTimeout'
  | 'connectTimeout'
  | 'socketTimeout'
> & { retryStrategy: (times: number) => number }

/** `redis+sentinel://user:password@h1:26379,h2:26379/<master>` and `redis+cluster://user:password@h1:6379,h2:6379`. */
const SEVERAL = /^redis\+(sentinel|cluster):\/\/(?:([^:@/]*):([^@/]*)@)?([^/@]+?)(?:\/([^/]*))?$/

const address = (text: string, usualPort: number): { host: string; port: number } => {
  const { hostname, port } = new URL(`tcp://${text}`)
  return { host: hostname, port: port === '' ? usualPort : Number(port) }
}

/** A server that was a master until a failover answers READONLY: connect anew, to the one that is. */
const reconnectOnError = ({ message }: Error): boolean => message.startsWith('READONLY')

/** Connects in the background. Throws BAD_REQUEST for an address list that it cannot read. */
export const redisClient = (url: string, options: Options): RedisClient => {
  if (!url.startsWith('redis+')) return new Redis(url, { ...options, reconnectOnError })
  const [, kind, username, password, hosts = '', name = ''] = SEVERAL.exec(url) ?? []
  const wants = 'redis+sentinel://host:port,host:port/<name of the master> or redis+cluster://host:port,host:port'
  if (kind === undefined || (kind === 'sentinel') !== (name !== '')) {
    throw new HoldfastError('BAD_REQUEST', `REDIS_URL must be like ${wants}`)
  }
  const list = hosts.split(',').map((text) => address(text, kind === 'sentinel' ? 26_379 : 6379))
  const login =
    password === undefined
      ? {}
      : { password: decodeURIComponent(password), ...(username ? { username: decodeURIComponent(username) } : {}) }
  if (kind === 'sentinel') {
    return new Redis({ ...options, ...login, reconnectOnError, sentinels: list, name, failoverDetector: true })
  }
  const { retryStrategy, enableOfflineQueue = true, ...each } = options
  return new Cluster(list, {
    redisOptions: { ...each, ...login },
    enableOfflineQueue,
    clusterRetryStrategy: retryStrategy,
    // A command whose connection was lost may have run: who must not send it twice is told of the loss instead.
    ...(options.autoResendUnfulfilledCommands === false ? { retryDelayOnFailover: 0 } : {}),
  })
}

/** The masters of a Cluster; else the one server itself. */
export const mastersOf = (redis: RedisClient): Redis[] => (redis instanceof Cluster ? redis.nodes('master') : [redis])
