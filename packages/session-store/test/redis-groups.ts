/** Several real Redis 7 servers in one container: a Cluster of three, or a master with a replica and a Sentinel. */
import { after } from 'node:test'
import { GenericContainer, PullPolicy, type StartedTestContainer, Wait } from 'testcontainers'
import { freePort } from './redis-server.ts'

/** On the host's network: what the servers tell of each other is right for us too. */
const start = async (script: string, ready: RegExp): Promise<StartedTestContainer> => {
  const started = await new GenericContainer('holdfast/redis:7')
    .withPullPolicy(PullPolicy.neverPull())
    .withNetworkMode('host')
    .withCommand(['sh', '-c', script])
    .withWaitStrategy(Wait.forLogMessage(ready))
    .start()
  after(async () => void (await started.stop({ timeout: 0 })))
  return started
}

const serve = (port: number, options = ''): string => `
  mkdir -p /tmp/${port}
  redis-server --port ${port} --dir /tmp/${port} --save '' --maxmemory-policy noeviction ${options} &
  echo $! > /tmp/${port}/pid
  until redis-cli -p ${port} ping; do sleep 0.05; done`

const ports = (count: number): Promise<number[]> => Promise.all(Array.from({ length: count }, () => freePort()))

/** Its REDIS_URL. */
export const startCluster = async (): Promise<string> => {
  const [a = 0, b = 0, c = 0, ...buses] = await ports(6)
  const nodes = [a, b, c]
  const addresses = nodes.map((port) => `127.0.0.1:${port}`)
  const servers = nodes.map((port, at) => serve(port, `--cluster-enabled yes --cluster-port ${buses[at]}`))
  const join = `redis-cli --cluster create ${addresses.join(' ')} --cluster-yes`
  // The command ends when its own node knows all slots; the others may still answer CLUSTERDOWN.
  const agreed = nodes.map((port) => `until redis-cli -p ${port} cluster info | grep -q state:ok; do sleep 0.05; done`)
  await start([...servers, join, ...agreed, 'echo agreed', 'wait'].join('\n'), /^agreed/m)
  return `redis+cluster://${addresses.join(',')}`
}

export interface Replicated {
  url: string
  /** The replica stops taking over what is written, as when the network between the two is slow. */
  freezeReplica(): Promise<void>
  /**
   * Ends the master and lets the replica go on, until the Sentinel has made it the master, in about five seconds. After
   * the machine stood still for two seconds a Sentinel only looks on for 30 more, and takes no replica that lost its
   * master for longer than ten times `down-after`, which hence is above three seconds. Source: Redis 7 src/sentinel.c, TILT.
   */
  failOver(): Promise<void>
}

const NAME = 'holdfast'

export const startSentinel = async (): Promise<Replicated> => {
  const [master = 0, replica = 0, sentinel = 0] = await ports(3)
  const config = [
    `port ${sentinel}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${master} 1`,
    `sentinel down-after-milliseconds ${NAME} 4000`,
    `sentinel failover-timeout ${NAME} 5000`,
  ]
  const script = `${serve(master)}\n${serve(replica, `--replicaof 127.0.0.1 ${master} --repl-diskless-sync-delay 0`)}
    until redis-cli -p ${replica} info replication | grep -q 'master_link_status:up'; do sleep 0.05; done
    printf '${config.join('\\n')}\\n' > /tmp/sentinel.conf
    redis-server /tmp/sentinel.conf --sentinel &
    until redis-cli -p ${sentinel} sentinel replicas ${NAME} | grep -q ${replica}; do sleep 0.05; done
    echo replicated
    wait`
  const container = await start(script, /^replicated/m)
  const run = async (command: string): Promise<void> => {
    const { exitCode, output } = await container.exec(['sh', '-c', command])
    if (exitCode !== 0) throw new Error(output)
  }
  const signal = (name: string, port: number) => run(`kill -${name} $(cat /tmp/${port}/pid)`)
  const asked = `redis-cli -p ${sentinel} sentinel`
  return {
    url: `redis+sentinel://127.0.0.1:${sentinel}/${NAME}`,
    freezeReplica: () => signal('STOP', replica),
    failOver: async () => {
      await signal('KILL', master)
      await signal('CONT', replica)
      const switched = `until ${asked} get-master-addr-by-name ${NAME} | grep -qx ${replica}; do sleep 0.05; done`
      await run(`timeout 100 sh -c '${switched}' || { ${asked} master ${NAME}; ${asked} replicas ${NAME}; exit 1; }`)
    },
  }
}
