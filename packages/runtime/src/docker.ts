/** Session hosts as containers of one Docker engine (20.10 or newer). */
import { chmod, chown, mkdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '@holdfast/protocol'
import type Docker from 'dockerode'
import { containerBody, containerName, seenInInspect, seenInList } from './docker-container.ts'
import { call, connect, createContainer, DEADLINE_MS, EngineRefusal, ping, readLogs, unless } from './docker-engine.ts'
import { type SessionNetwork, sessionNetwork } from './docker-network.ts'
import { enginePath } from './engine-path.ts'
import { hostDirectory } from './host-directory.ts'
import { LABEL } from './labels.ts'
import { type HostInfo, type HostSpec, ImageMissing, type Runtime, RuntimeRefused } from './runtime.ts'
import { Semaphore } from './semaphore.ts'

export interface DockerOptions {
  cluster: string
  node: string
  /** As this process sees it. */
  hostsDir: string
  /** Default: /var/run/docker.sock. */
  socketPath?: string
  /** Image with a shell and iptables, for the network guard. */
  guardImage: string
}

interface Engine {
  docker: Docker
  options: DockerOptions
  network: SessionNetwork
  creates: Semaphore
  /** The hosts directory as the engine sees it. */
  engineHostsDir(): Promise<string>
}

/** More creates at once only queue up inside the engine, where they block its list too (moby#30883). */
const MAX_CREATES = 8
/** The user of every session. */
const SESSION_UID = 1000
const LOOK_MS = 50

const inspect = async (engine: Engine, hostId: string): Promise<HostInfo | null> => {
  const { docker, options } = engine
  const { address } = hostDirectory(options.hostsDir, hostId)
  const name = containerName(options.cluster, hostId)
  const inspecting = call(`inspect ${name}`, DEADLINE_MS.query, (abortSignal) =>
    docker.getContainer(name).inspect({ abortSignal }),
  )
  const answer = await unless([404], inspecting)
  if (answer === null) return null
  const seen = seenInInspect(answer)
  if (seen.labels[LABEL.cluster] !== options.cluster || seen.labels[LABEL.host] !== hostId) {
    throw new RuntimeRefused(`a container named "${name}" is there that is not ours`)
  }
  return { hostId, node: options.node, address, ...seen }
}

/** Makes the container, or finds the one that somebody made meanwhile; between the two the engine knows neither. */
const findOrMake = async (engine: Engine, spec: HostSpec, network: string): Promise<HostInfo> => {
  const { docker, options } = engine
  const name = containerName(options.cluster, spec.hostId)
  const body = containerBody(options.cluster, spec, join(await engine.engineHostsDir(), spec.hostId), network)
  for (const until = Date.now() + DEADLINE_MS.change; Date.now() < until; ) {
    const found = await inspect(engine, spec.hostId)
    if (found !== null) return found
    await mkdir(hostDirectory(options.hostsDir, spec.hostId).path, { recursive: true })
    const made = await unless([409], createContainer(docker, name, body)).catch((error: unknown) => {
      if (error instanceof EngineRefusal && error.status === 404) throw new ImageMissing(spec.image, { cause: error })
      throw error
    })
    if (made === null) await delay(LOOK_MS)
  }
  throw new HoldfastError('RUNTIME_UNAVAILABLE', `Docker has the name ${name} in use, but no such container`)
}

const create = async (engine: Engine, spec: HostSpec): Promise<HostInfo> => {
  const { path } = hostDirectory(engine.options.hostsDir, spec.hostId)
  const network = spec.network ? await engine.network.ready() : 'none'
  const found = await findOrMake(engine, spec, network)
  if (found.state !== 'created') return found
  // The session's user makes the socket here; nothing runs yet, and seal() takes the right away again.
  await chmod(path, 0o777)
  const name = containerName(engine.options.cluster, spec.hostId)
  const starting = call(`start ${name}`, DEADLINE_MS.change, (abortSignal) =>
    engine.docker.getContainer(name).start({ abortSignal }),
  )
  await unless([304], starting)
  return (await inspect(engine, spec.hostId)) ?? found
}

const seal = async (engine: Engine, hostId: string): Promise<void> => {
  const { path } = hostDirectory(engine.options.hostsDir, hostId)
  await chown(path, 0, 0).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new HoldfastError('NOT_FOUND', `there is no session host ${hostId}`)
    // Not root: then the directory is our own user's, which serves as well unless that is the session's, too.
    if (error.code !== 'EPERM' || process.getuid?.() === SESSION_UID) throw error
  })
  await chmod(path, 0o755)
}

const list = async (engine: Engine): Promise<HostInfo[]> => {
  const { docker, options } = engine
  const label = [`${LABEL.cluster}=${options.cluster}`, LABEL.host]
  const all = await call('list containers', DEADLINE_MS.query, (abortSignal) =>
    docker.listContainers({ all: true, filters: { label }, abortSignal }),
  )
  const infos = all.map(async (container): Promise<HostInfo | null> => {
    const seen = seenInList(container)
    const hostId = seen.labels[LABEL.host] ?? ''
    if (!container.Names.includes(`/${containerName(options.cluster, hostId)}`)) return null // somebody else's
    // Memory ends a process with SIGKILL only; null when it was removed since.
    if (seen.exitCode === 137) return inspect(engine, hostId)
    return { hostId, node: options.node, address: hostDirectory(options.hostsDir, hostId).address, ...seen }
  })
  return (await Promise.all(infos)).filter((info) => info !== null)
}

const stop = async (engine: Engine, hostId: string, graceMs: number): Promise<void> => {
  if ((await inspect(engine, hostId))?.state !== 'running') return
  const name = containerName(engine.options.cluster, hostId)
  const stopping = call(`stop ${name}`, graceMs + 10_000, (abortSignal) =>
    engine.docker.getContainer(name).stop({ t: Math.ceil(graceMs / 1000), abortSignal }),
  )
  await unless([304, 404], stopping)
}

const removeContainer = async (engine: Engine, hostId: string): Promise<void> => {
  const name = containerName(engine.options.cluster, hostId)
  for (const until = Date.now() + DEADLINE_MS.change; (await inspect(engine, hostId)) !== null; await delay(LOOK_MS)) {
    if (Date.now() >= until) throw new HoldfastError('RUNTIME_UNAVAILABLE', `Docker did not remove ${name} in time`)
    const removing = call(`remove ${name}`, DEADLINE_MS.change, (abortSignal) =>
      engine.docker.getContainer(name).remove({ force: true, v: true, abortSignal }),
    )
    await unless([404, 409], removing) // 409: its removal is under way
  }
}

/** The volume goes last: as long as it is there, an interrupted removal knows that the directory is this cluster's. */
const remove = async (engine: Engine, hostId: string): Promise<void> => {
  const volume = engine.docker.getVolume(containerName(engine.options.cluster, hostId))
  const { path } = hostDirectory(engine.options.hostsDir, hostId)
  await removeContainer(engine, hostId)
  const looking = call('inspect a volume', DEADLINE_MS.query, (abortSignal) => volume.inspect({ abortSignal }))
  if ((await unless([404], looking)) === null) {
    await rmdir(path).catch(() => {}) // at most an empty one is left, of a create that failed
    return
  }
  await rm(path, { recursive: true, force: true })
  const removing = call('remove a volume', DEADLINE_MS.change, (abortSignal) => volume.remove({ abortSignal }))
  await unless([404], removing)
}

const tail = async (engine: Engine, hostId: string, maxBytes: number): Promise<string> => {
  if ((await inspect(engine, hostId)) === null) return ''
  const name = containerName(engine.options.cluster, hostId)
  const output = await unless([404, 409], readLogs(engine.docker.getContainer(name)))
  return output?.subarray(Math.max(0, output.length - maxBytes)).toString('utf8') ?? ''
}

const newEngine = (options: DockerOptions): Engine => {
  const docker = connect(options.socketPath ?? '/var/run/docker.sock')
  let known: string | null = null
  return {
    docker,
    options,
    network: sessionNetwork(docker, options.cluster, options.guardImage),
    creates: new Semaphore(MAX_CREATES, DEADLINE_MS.change),
    engineHostsDir: async () => {
      known ??= await enginePath(docker, options.hostsDir)
      return known
    },
  }
}

export const dockerRuntime = (options: DockerOptions): Runtime => {
  const engine = newEngine(options)
  return {
    kind: 'docker',
    node: options.node,
    create: (spec) => engine.creates.run(() => create(engine, spec)),
    seal: (hostId) => seal(engine, hostId),
    list: () => list(engine),
    inspect: (hostId) => inspect(engine, hostId),
    stop: (hostId, graceMs) => stop(engine, hostId, graceMs),
    remove: (hostId) => remove(engine, hostId),
    tail: (hostId, maxBytes) => tail(engine, hostId, maxBytes),
    ping: () => ping(engine.docker),
    prepare: () => engine.network.restore(),
  }
}
