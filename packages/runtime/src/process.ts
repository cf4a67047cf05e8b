/** Session hosts as detached processes of this machine: no container, no isolation; for development, tests and one user. */
import { constants } from 'node:fs'
import { access, chmod, mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HOST_ID, HoldfastError } from '@holdfast/protocol'
import { withAssignment } from './assignment.ts'
import { hostDirectory } from './host-directory.ts'
import { LABEL, readLabels, sealedLabels } from './labels.ts'
import { localMachine } from './machine.ts'
import { environment, launch, noted, running } from './process-launch.ts'
import { family, gone, killAll, signal } from './process-table.ts'
import type { HostInfo, HostSpec, Runtime } from './runtime.ts'

export interface ProcessOptions {
  cluster: string
  node: string
  hostsDir: string
  /** How to start a session host: program and arguments. */
  command: readonly string[]
  /** Where PATH and LANG of the sessions come from; nothing else of it is handed on. */
  env?: Readonly<Record<string, string | undefined>>
}

/** What is known of a host besides its process: written once, before anything runs. */
interface HostFile {
  hostId: string
  labels: Record<string, string>
  createdAt: string
}

const KILL_MS = 5_000

const missing = (error: unknown): null => {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
  throw new HoldfastError('RUNTIME_UNAVAILABLE', `the hosts directory: ${(error as Error).message}`, { cause: error })
}
const failed = (what: string) => (cause: unknown) => {
  throw new HoldfastError('RUNTIME_UNAVAILABLE', `${what}: ${(cause as Error).message}`, { cause })
}

const inspect = async (options: ProcessOptions, hostId: string): Promise<HostInfo | null> => {
  const { path, address } = hostDirectory(options.hostsDir, hostId)
  const text = await readFile(join(path, 'spec.json'), 'utf8').catch(missing)
  if (text === null) return null
  const file = JSON.parse(text) as HostFile
  if (file.labels[LABEL.cluster] !== options.cluster || file.labels[LABEL.host] !== hostId) return null
  const state = (await running(path)) ? 'running' : (await noted(path)) === null ? 'created' : 'exited'
  const { createdAt } = file
  const labels = readLabels(file.labels)
  const { node } = options
  const machine = localMachine(options.hostsDir)
  return withAssignment(machine, { hostId, node, state, exitCode: null, oomKilled: false, address, labels, createdAt })
}

/** The directory appears whole, with its spec, or not at all: it is made aside and renamed; who comes second changes nothing. */
const makeDirectory = async (options: ProcessOptions, spec: HostSpec, path: string): Promise<void> => {
  await mkdir(options.hostsDir, { recursive: true })
  const aside = await mkdtemp(join(options.hostsDir, '.new-'))
  try {
    const labels = sealedLabels(options.cluster, spec.hostId, spec.labels)
    const file: HostFile = { hostId: spec.hostId, labels, createdAt: new Date().toISOString() }
    await writeFile(join(aside, 'spec.json'), JSON.stringify(file), { mode: 0o600 })
    await rename(aside, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

const create = async (options: ProcessOptions, spec: HostSpec): Promise<HostInfo> => {
  const { path, address } = hostDirectory(options.hostsDir, spec.hostId)
  const refuse = failed(`session host ${spec.hostId}`)
  if ((await inspect(options, spec.hostId)) === null) await makeDirectory(options, spec, path).catch(refuse)
  const found = await inspect(options, spec.hostId)
  if (found === null) throw new HoldfastError('RUNTIME_UNAVAILABLE', `"${path}" is there, but not of this cluster`)
  if (found.state !== 'created') return found
  await launch(options.command, environment(options.env ?? {}, spec, address), path).catch(refuse)
  return (await inspect(options, spec.hostId)) ?? found
}

const list = async (options: ProcessOptions): Promise<HostInfo[]> => {
  const entries = (await readdir(options.hostsDir, { withFileTypes: true }).catch(missing)) ?? []
  const names = entries.filter((entry) => entry.isDirectory() && HOST_ID.test(entry.name)).map(({ name }) => name)
  const infos = await Promise.all(names.map((name) => inspect(options, name)))
  return infos.filter((info) => info !== null)
}

const stop = async (options: ProcessOptions, hostId: string, graceMs: number): Promise<void> => {
  if ((await inspect(options, hostId)) === null) return
  const host = await running(hostDirectory(options.hostsDir, hostId).path)
  if (host === null) return
  // Taken while the host lives: what it leaves behind when it ends has another parent by then.
  const members = await family([host])
  if (graceMs > 0) {
    await signal(host, 'SIGTERM')
    await gone([host], graceMs)
  }
  if (!(await killAll(members, KILL_MS))) {
    throw new HoldfastError('RUNTIME_UNAVAILABLE', `processes of session host ${hostId} cannot be killed`)
  }
}

const remove = async (options: ProcessOptions, hostId: string): Promise<void> => {
  if ((await inspect(options, hostId)) === null) return
  await stop(options, hostId, 0)
  // Renamed first: a removal that is cut short leaves no half of a host.
  const aside = await mkdtemp(join(options.hostsDir, '.old-'))
  await rename(hostDirectory(options.hostsDir, hostId).path, aside).catch(missing)
  await rm(aside, { recursive: true, force: true })
}

const tail = async (options: ProcessOptions, hostId: string, maxBytes: number): Promise<string> => {
  if ((await inspect(options, hostId)) === null) return ''
  const log = await open(join(hostDirectory(options.hostsDir, hostId).path, 'log')).catch(missing)
  if (log === null) return ''
  try {
    const { size } = await log.stat()
    const length = Math.min(size, maxBytes)
    const { buffer, bytesRead } = await log.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await log.close()
  }
}

export const processRuntime = (options: ProcessOptions): Runtime => ({
  kind: 'process',
  node: options.node,
  create: (spec) => create(options, spec),
  address: async (hostId) => hostDirectory(options.hostsDir, hostId).address,
  // Host and session are the same user here: the directory can only be kept from others.
  seal: (hostId) => chmod(hostDirectory(options.hostsDir, hostId).path, 0o700),
  assign: (hostId, labels) => localMachine(options.hostsDir).assign(hostId, labels),
  list: () => list(options),
  inspect: (hostId) => inspect(options, hostId),
  stop: (hostId, graceMs) => stop(options, hostId, graceMs),
  remove: (hostId) => remove(options, hostId),
  tail: (hostId, maxBytes) => tail(options, hostId, maxBytes),
  report: async () => ({
    pressure: await localMachine(options.hostsDir).pressure().catch(failed('the hosts directory')),
    images: null,
    bridgePorts: null,
  }),
  ping: async () => {
    await mkdir(options.hostsDir, { recursive: true }).catch(failed('the hosts directory'))
    await access(options.hostsDir, constants.W_OK | constants.X_OK).catch(failed('the hosts directory'))
  },
})
