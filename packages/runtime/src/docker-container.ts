/** What a session's container is made of, and what the engine's answers say about one. */
import type { Limits } from '@holdfast/protocol'
import type { ContainerCreateOptions, ContainerInfo, ContainerInspectInfo, VolumeInspectInfo } from 'dockerode'
import { readLabels, sealedLabels } from './labels.ts'
import { type HostInfo, type HostSpec, type UnusedWorkspace, withDefaults } from './runtime.ts'

/** Open files of one process: the most that an engine without CAP_SYS_RESOURCE of its own can be counted on to give. */
const MAX_FILES = 20_000
const MIB = 1024 * 1024
/** Where the workspace is mounted. */
export const HOME = '/home/dev'
const CPU_PERIOD_US = 100_000

/** Of a container by its host, and of a volume by its workspace: a second create is a conflict. A cluster's name has no dash. */
export const containerName = (cluster: string, hostId: string): string => `hf-${cluster}-${hostId}`

/** Two files, for one is emptied when it is full: the death note, a host's last line, would be cut in half. */
export const BOUNDED_LOG = { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } }

const resources = (given: Limits) => {
  const limits = withDefaults(given)
  const files = Math.min(limits.files, MAX_FILES)
  return {
    Memory: limits.memoryMb * MIB,
    MemorySwap: limits.memoryMb * MIB, // memory and swap together: no swap
    // Not NanoCpus: the engine refuses more of those than the machine has, even the default on one core.
    CpuPeriod: CPU_PERIOD_US,
    CpuQuota: Math.round(limits.cpus * CPU_PERIOD_US),
    PidsLimit: limits.pids,
    Ulimits: [{ Name: 'nofile', Soft: files, Hard: files }],
    Tmpfs: {
      // `exec`, because the engine's default is noexec and builds run what they put into /tmp.
      '/tmp': `size=${limits.tmpMb}m,mode=1777,nosuid,nodev,exec`,
      '/run': 'size=1m,mode=755,nosuid,nodev,noexec',
    },
  }
}

/** Binds fail when the source is missing, unlike `Binds`, which would make it. */
const mounts = (name: string, socketDir: string, labels: Record<string, string>) => [
  { Type: 'bind' as const, Source: socketDir, Target: '/run/holdfast' },
  { Type: 'volume' as const, Source: name, Target: HOME, VolumeOptions: { Labels: labels } },
]

/** `socketDir` as the engine sees it; `network` is a network's name or `none`. */
export const containerBody = (
  cluster: string,
  spec: HostSpec,
  socketDir: string,
  network: string,
): ContainerCreateOptions => {
  const labels = sealedLabels(cluster, spec.hostId, spec.labels)
  return {
    Image: spec.image,
    User: '1000:1000',
    StopSignal: 'SIGTERM',
    Env: [
      `HOLDFAST_HOST_ID=${spec.hostId}`,
      `HOLDFAST_HOST_KEY=${spec.hostKey}`,
      'HOLDFAST_LISTEN=unix:/run/holdfast/host.sock',
    ],
    Labels: labels,
    HostConfig: {
      ...resources(spec.limits),
      Init: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      Mounts: mounts(containerName(cluster, spec.workspace ?? spec.hostId), socketDir, labels) as never,
      NetworkMode: network,
      LogConfig: BOUNDED_LOG,
      RestartPolicy: { Name: 'no' },
    },
  }
}

const STATES: Readonly<Record<string, HostInfo['state']>> = {
  created: 'created',
  exited: 'exited',
  dead: 'exited',
  removing: 'exited',
  paused: 'frozen',
}
/** `restarting` has a process. */
const stateOf = (status: string): HostInfo['state'] => STATES[status] ?? 'running'

/** Whole seconds, as the engine's list has them. */
const isoOf = (ms: number): string => new Date(Math.floor(ms / 1000) * 1000).toISOString()

type Seen = Omit<HostInfo, 'hostId' | 'node' | 'address'>

/** The exit code stands in the words for people: `Exited (137) 5 minutes ago`. Whether memory was the reason does not. */
export const seenInList = (info: ContainerInfo): Seen => {
  const code = /^Exited \((\d+)\)/.exec(info.Status)?.[1]
  const exitCode = code === undefined ? null : Number(code)
  const createdAt = isoOf(info.Created * 1000)
  return { state: stateOf(info.State), exitCode, oomKilled: false, labels: readLabels(info.Labels), createdAt }
}

export const seenInInspect = ({ State, Config, Created }: ContainerInspectInfo): Seen => {
  const state = stateOf(State.Status)
  return {
    state,
    exitCode: state === 'exited' ? State.ExitCode : null,
    oomKilled: state === 'exited' && State.OOMKilled,
    labels: readLabels(Config.Labels),
    createdAt: isoOf(Date.parse(Created)),
  }
}

/** Null for one that was not made with a host of ours. */
export const seenInVolumes = (
  cluster: string,
  volume: VolumeInspectInfo & { CreatedAt?: string },
): UnusedWorkspace | null => {
  const { Name, Labels, CreatedAt = '' } = volume
  const prefix = containerName(cluster, '')
  if (!Name.startsWith(prefix)) return null
  return { workspace: Name.slice(prefix.length), labels: readLabels(Labels), createdAt: isoOf(Date.parse(CreatedAt)) }
}
