/** Runs the services by docker compose, with all state in the data folder. */
import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { baseImages, dockerEngine, dockerPlugins, ourImages } from './docker.mjs'
import { run, step } from './progress.mjs'
import { clusterId, root } from './setup.mjs'

const REDIS_UID = 999

const writeEnvironment = (path, values) =>
  writeFileSync(
    path,
    `${Object.entries(values)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n')}\n`,
  )

/** The port an earlier start took, so that it is not "in use" when its services still run. */
const runningPort = async (compose) => {
  const text = await run('docker', [...compose, 'port', 'gateway', '8080'], { cwd: root }).catch(() => '')
  return Number(text.trim().split(':').at(-1)) || undefined
}

export const start = async ({ data, port: asked, freePort, mayPull }) => {
  await dockerEngine()
  await dockerPlugins()
  await baseImages({ mayPull })
  await ourImages()
  const dir = join(data, 'docker')
  for (const name of ['hosts', 'redis']) mkdirSync(join(dir, name), { recursive: true })
  chownSync(join(dir, 'redis'), REDIS_UID, REDIS_UID)
  const cluster = clusterId(dir)
  const envFile = join(dir, 'compose.env')
  const compose = [
    'compose',
    '--project-name',
    `holdfast-${cluster}`,
    '--env-file',
    envFile,
    '--file',
    join(root, 'docker-compose.yml'),
  ]
  const running = existsSync(envFile) ? await runningPort(compose) : undefined
  const port = running !== undefined && (asked === 0 || asked === running) ? running : await freePort(asked)
  writeEnvironment(envFile, {
    HOLDFAST_CLUSTER: cluster,
    HOLDFAST_PORTS: port,
    HOLDFAST_DOCKER_SOCKET: process.env.HOLDFAST_DOCKER_SOCKET ?? '/var/run/docker.sock',
    HOLDFAST_PROMETHEUS_PORT: process.env.HOLDFAST_PROMETHEUS_PORT ?? 9090,
    HOLDFAST_TEMPLATES: join(data, 'templates.yaml'),
    HOLDFAST_PULL_POLICY: 'never',
    HOLDFAST_NODE_IMAGE: 'holdfast/node:24',
    HOLDFAST_REDIS_IMAGE: 'holdfast/redis:7',
    HOLDFAST_PROMETHEUS_IMAGE: 'holdfast/prometheus:2',
    HOLDFAST_REDIS_VOLUME: join(dir, 'redis'),
    HOLDFAST_HOSTS_VOLUME: join(dir, 'hosts'),
    HOLDFAST_SECRETS_VOLUME: join(data, 'secrets'),
  })
  const up = ['up', '--detach', '--wait', '--wait-timeout', '120', '--no-build', 'gateway']
  await step('starting the services', () => run('docker', [...compose, ...up], { cwd: root }))
  return {
    port,
    hint: `manage: docker ${compose.slice(0, 5).join(' ')} ps`,
    stop: () => run('docker', [...compose, 'stop', '--timeout', '15'], { cwd: root }),
  }
}
