/** Session hosts as containers of one Docker engine (20.10 or newer). */
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError, type NodeEngine } from '@holdfast/protocol'
import type Docker from 'dockerode'
import { withAssignment } from './assignment.ts'
import { containerBody, containerName, seenInInspect, seenInList } from './docker-container.ts'
import { ensureDoor, hostsVolume } from './docker-door.ts'
import { call, createContainer, DEADLINE_MS, ping, readLogs, refused, unless } from './docker-engine.ts'
import { type SessionNetwork, sessionNetwork } from './docker-network.ts'
import { readFiles, removeVolume, unusedWorkspaces, writeFiles } from './docker-workspace.ts'
import { connect } from './engine-address.ts'
import { enginePath } from './engine-path.ts'
import { LABEL } from './labels.ts'
import { localMachine, type Machine } from './machine.ts'
import { type HostInfo, type HostSpec, ImageMissing, type NodeReport, type Runtime, RuntimeRefused } from './runtime.ts'
import { Semaphore } from './semaphore.ts'

export interface DockerOptions {
  cluster: string
  node: string
  /** As this process sees it; of no account with a door. */
  hostsDir: string
  /** For an engine on another machine: how things are done there, and where its door listens with which hex key. */
  door?: { machine: Machine; listen: string; key: string }
  /** Default: /var/run/docker.sock. */
  engine?: NodeEngine
  /** Image with a shell and iptables, for the network guard. */
  guardImage: string
  /** Sessions on one bridge; default 900. Fewer in tests. */
  maxPorts?: number
}

interface Engine {
  docker: Docker
  options: DockerOptions
  machine: Machine
  network: SessionNetwork
  creates: Semaphore
  /** The hosts directory as the engine sees it. */
  engineHostsDir(): Promise<string>
}

/** More creates at once only queue up inside the engine, where they block its list too (moby#30883). */
const MAX_CREATES = 8
const LOOK_MS = 50

const inspect = async (engine: Engine, hostId: string): Promise<HostInfo | null> => {
  const { docker, options, machine } = engine
  const address = machine.address(hostId)
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
  return withAssignment(machine, { hostId, node: options.node, address, ...seen })
}

/** Makes the container and answers null, or finds the one that is there; between the two the engine knows neither. */
const makeOrFind = async (engine: Engine, spec: HostSpec): Promise<HostInfo | null> => {
  const { docker, options } = engine
  const network = spec.network ? await engine.network.ready() : 'none'
  const name = containerName(options.cluster, spec.hostId)
  const body = containerBody(options.cluster, spec, join(await engine.engineHostsDir(), spec.hostId), network)
  for (const until = Date.now() + DEADLINE_MS.change; Date.now() < until; await delay(LOOK_MS)) {
    await engine.machine.make(spec.hostId)
    const refusal = await createContainer(docker, name, body).then(() => null, refused([404, 409]))
    if (refusal === null) return null
    const found = await inspect(engine, spec.hostId)
    if (found !== null) return found
    if (refusal.status === 404) throw new ImageMissing(spec.image, { cause: refusal })
  }
  throw new HoldfastError('RUNTIME_UNAVAILABLE', `Docker has the name ${name} in use, but no such container`)
}

const create = async (engine: Engine, spec: HostSpec): Promise<HostInfo> => {
  const found = await makeOrFind(engine, spec)
  // Whoever created it may have got no further.
  if (found !== null && found.state !== 'created') return found
  const name = containerName(engine.options.cluster, spec.hostId)
  const starting = call(`start ${name}`, DEADLINE_MS.change, (abortSignal) =>
    engine.docker.getContainer(name).start({ abortSignal }),
  )
  await unless([304], starting)
  const started = await inspect(engine, spec.hostId)
  if (started === null) throw new HoldfastError('RUNTIME_UNAVAILABLE', `Docker has ${name} no more, which it started`)
  return started
}

/** Also into one that an earlier try left half filled. */
const importWorkspace = async (engine: Engine, spec: HostSpec, files: Readable): Promise<void> => {
  const found = await makeOrFind(engine, spec)
  if (found !== null && found.state !== 'created') throw new RuntimeRefused(`${spec.hostId} has been started`)
  await writeFiles(engine.docker.getContainer(containerName(engine.options.cluster, spec.hostId)), files)
}

const list = async (engine: Engine): Promise<HostInfo[]> => {
  const { docker, options, machine } = engine
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
    return withAssignment(machine, { hostId, node: options.node, address: machine.address(hostId), ...seen })
  })
  return (await Promise.all(infos)).filter((info) => info !== null)
}

/** Looked at first: engines refuse with 409 or 500 what is so already. */
const pause = async (engine: Engine, hostId: string, how: 'pause' | 'unpause'): Promise<void> => {
  const name = containerName(engine.options.cluster, hostId)
  const state = (await inspect(engine, hostId))?.state
  if (state !== (how === 'pause' ? 'running' : 'frozen')) return
  await call(`${how} ${name}`, DEADLINE_MS.change, (abortSignal) =>
    engine.docker.getContainer(name)[how]({ abortSignal }),
  )
}

const stop = async (engine: Engine, hostId: string, graceMs: number): Promise<void> => {
  const state = (await inspect(engine, hostId))?.state
  if (state === 'frozen') await pause(engine, hostId, 'unpause')
  if (state !== 'running' && state !== 'frozen') return
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

/** The container goes after the directory: as long as it is there, an interrupted removal knows that both are this cluster's. */
const remove = async (engine: Engine, hostId: string, workspace: string | null): Promise<void> => {
  const found = await inspect(engine, hostId)
  if (found?.state === 'frozen') await pause(engine, hostId, 'unpause')
  if (found !== null) await engine.machine.remove(hostId)
  else await engine.machine.removeEmpty(hostId) // at most that is left, of a create that failed
  await removeContainer(engine, hostId)
  if (workspace !== null) await removeVolume(engine.docker, engine.options.cluster, workspace)
}

const tail = async (engine: Engine, hostId: string, maxBytes: number): Promise<string> => {
  if ((await inspect(engine, hostId)) === null) return ''
  const name = containerName(engine.options.cluster, hostId)
  const output = await unless([404, 409], readLogs(engine.docker.getContainer(name)))
  return output?.subarray(Math.max(0, output.length - maxBytes)).toString('utf8') ?? ''
}

const report = async (engine: Engine): Promise<NodeReport> => {
  const listing = call('list images', DEADLINE_MS.query, (abortSignal) =>
    engine.docker.listImages({ abortSignal } as Docker.ListImagesOptions),
  )
  const [pressure, images, bridgePorts] = await Promise.all([
    engine.machine.pressure(),
    listing,
    engine.network.ports(),
  ])
  return { pressure, images: images.flatMap(({ RepoTags }) => RepoTags ?? []), bridgePorts }
}

const prepare = async ({ docker, options, network }: Engine): Promise<void> => {
  const { cluster, guardImage, door } = options
  if (door !== undefined) await ensureDoor(docker, { cluster, image: guardImage, listen: door.listen, key: door.key })
  await network.restore()
}

const newEngine = (options: DockerOptions): Engine => {
  const docker = connect(options.engine ?? { socket: '/var/run/docker.sock' })
  let known: string | null = null
  return {
    docker,
    options,
    machine: options.door?.machine ?? localMachine(options.hostsDir),
    network: sessionNetwork(docker, options),
    creates: new Semaphore(MAX_CREATES, DEADLINE_MS.change),
    engineHostsDir: async () => {
      known ??= options.door ? await hostsVolume(docker, options.cluster) : await enginePath(docker, options.hostsDir)
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
    address: async (hostId) => engine.machine.address(hostId),
    seal: (hostId) => engine.machine.seal(hostId),
    assign: (hostId, labels) => engine.machine.assign(hostId, labels),
    list: () => list(engine),
    inspect: (hostId) => inspect(engine, hostId),
    stop: (hostId, graceMs) => stop(engine, hostId, graceMs),
    unusedWorkspaces: () => unusedWorkspaces(engine.docker, options.cluster),
    removeWorkspace: (workspace) => removeVolume(engine.docker, options.cluster, workspace),
    exportWorkspace: (hostId) => readFiles(engine.docker.getContainer(containerName(options.cluster, hostId))),
    importWorkspace: (spec, files) => engine.creates.run(() => importWorkspace(engine, spec, files)),
    remove: (hostId, workspace = hostId) => remove(engine, hostId, workspace),
    freeze: (hostId) => pause(engine, hostId, 'pause'),
    thaw: (hostId) => pause(engine, hostId, 'unpause'),
    tail: (hostId, maxBytes) => tail(engine, hostId, maxBytes),
    report: () => report(engine),
    ping: () => ping(engine.docker),
    prepare: () => prepare(engine),
  }
}
