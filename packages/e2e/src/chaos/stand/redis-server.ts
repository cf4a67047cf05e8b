/** A Redis of a stand: a process with its own folder, kept from writing to disk except as the scenario says. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { Service } from './service.ts'

export class RedisServer {
  readonly port: number
  readonly dir: string
  readonly service: Service
  /** The census' and the scenario's own connection, past the door. */
  readonly client: Redis

  constructor(name: string, folder: string, port: number) {
    this.port = port
    this.dir = join(folder, name)
    mkdirSync(this.dir)
    const settings = {
      port,
      bind: '127.0.0.1',
      dir: this.dir,
      appendonly: 'yes',
      save: '',
      'maxmemory-policy': 'noeviction',
      'repl-diskless-sync-delay': 0,
    }
    this.client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, maxRetriesPerRequest: null })
    this.client.on('error', () => undefined) // it is killed on purpose
    this.service = new Service({
      name,
      command: 'redis-server',
      args: Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)]),
      env: {},
      log: join(folder, `${name}.log`),
      ready: async () => {
        const redis = new Redis({
          port,
          host: '127.0.0.1',
          lazyConnect: true,
          maxRetriesPerRequest: 0,
          retryStrategy: () => null,
        })
        redis.on('error', () => undefined)
        return redis
          .ping()
          .then(() => true)
          .catch(() => false)
          .finally(() => redis.disconnect())
      },
    })
  }

  async stop(): Promise<void> {
    this.client.disconnect()
    await this.service.kill()
  }
}
