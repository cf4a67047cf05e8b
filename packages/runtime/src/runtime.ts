/** Where session hosts come from, in our words: nothing of Docker, Kubernetes or processes shows here. */
import type { Readable } from 'node:stream'
import type { Limits, Pressure } from '@holdfast/protocol'

const DEFAULT_LIMITS = { memoryMb: 2048, cpus: 2, pids: 512, files: 4096, tmpMb: 256 } as const

/** Limits of a host: what is given, and the default for the rest. */
export const withDefaults = (given: Limits) => {
  const limits = { ...DEFAULT_LIMITS, ...given }
  // A full /tmp is memory that no kill gives back: more than half by default, and the session host dies of it.
  return { ...limits, tmpMb: given.tmpMb ?? Math.min(limits.tmpMb, Math.floor(limits.memoryMb / 2)) }
}

export interface HostSpec {
  /** Names the container or process; a second create with the same id finds the first. */
  hostId: string
  /** Names the volume with the session's files, which may be that of an earlier host; default: the host's own id. */
  workspace?: string
  /** Container image; the process runtime has none. */
  image: string
  /** Hex key with which the host checks grants. */
  hostKey: string
  /** Ours, under the reserved prefix: set after everything a user may choose. */
  labels: Readonly<Record<string, string>>
  limits: Limits
  /** May the session reach the internet? It never reaches private addresses. */
  network: boolean
}

export interface HostInfo {
  hostId: string
  node: string
  /** `created`: made but not started. `frozen`: no process of it runs until it is thawed. `exited`: its process is gone. */
  state: 'created' | 'running' | 'frozen' | 'exited'
  /** Exit code of the host process; null while it runs or where nobody was there to see it. */
  exitCode: number | null
  oomKilled: boolean
  /** Of one that the engine ends, ended or would not run: why, such as `Evicted: The node was low on resource: memory.` */
  reason?: string
  /** Of one whose machine is out of reach: which. It ran when it was seen last. */
  unseen?: string
  /** Of one whose machine is to be emptied: which. */
  leaves?: string
  /** Of one that cannot start for want of room: the engine's words. It starts by itself when there is some. */
  waits?: string
  /** `unix:<path>` or `tcp:<host>:<port>`, as gateways dial it. */
  address: string
  labels: Readonly<Record<string, string>>
  /** ISO 8601. */
  createdAt: string
}

/** Files of a session that no host on the node has. */
export interface UnusedWorkspace {
  /** Its name: the id of the host that had it first. */
  workspace: string
  /** Of that host. */
  labels: Readonly<Record<string, string>>
  /** ISO 8601. */
  createdAt: string
}

/** What a node has left besides what was promised to sessions; null where the runtime knows no such thing. */
export interface NodeReport {
  pressure: Pressure | null
  /** Names with tags of all images on the node. */
  images: readonly string[] | null
  /** Sessions with a network, and the most that the node's bridges take. */
  bridgePorts: { used: number; limit: number } | null
}

/**
 * Speaks for the existence of session hosts on one node. Every call has its own deadline and may throw
 * RUNTIME_UNAVAILABLE (the engine does not answer) besides what it names.
 */
export interface Runtime {
  readonly kind: 'docker' | 'kubernetes' | 'process'
  readonly node: string
  /**
   * Creates and starts. An existing host of this id is returned as it is, and started only if it never was: starting an
   * exited one again would run its session's command twice. Throws ImageMissing, RuntimeRefused.
   */
  create(spec: HostSpec): Promise<HostInfo>
  /** Where a host of this id listens, once it is there and does. */
  address(hostId: string): Promise<string>
  /** After the host listens and before any user code runs: takes write access to the socket's directory away from the session. */
  seal(hostId: string): Promise<void>
  /**
   * Gives a host that was made for a pool, and is sealed, the identity labels of its session; from then on they are among
   * its labels. Again with the same ones changes nothing; throws RuntimeRefused for others, NOT_FOUND when it is gone.
   */
  assign(hostId: string, labels: Readonly<Record<string, string>>): Promise<void>
  /** All hosts of this cluster on the node, or an error: never a part of them. */
  list(): Promise<HostInfo[]>
  inspect(hostId: string): Promise<HostInfo | null>
  /**
   * Where the engine tells: calls back with hosts that are worth a look, for they are gone, are being taken away, have ended or are out
   * of sight, until the signal comes. Resolves at once. Only a hint, which may be missed and come twice.
   */
  follow?(changed: (hostId: string) => void, signal: AbortSignal): Promise<void>
  /** SIGTERM, then SIGKILL after `graceMs`; a frozen one is thawed for it. Stopping an absent host succeeds. */
  stop(hostId: string, graceMs: number): Promise<void>
  /**
   * Ends it if it runs, and removes every trace: container, socket, log, and the workspace of this name, by default its
   * own; null keeps it for a later host. Removing what is absent succeeds.
   */
  remove(hostId: string, workspace?: string | null): Promise<void>
  /** Where files can be left without a host: all of this cluster on the node, or an error. One may be of a host that is being made. */
  unusedWorkspaces?(): Promise<UnusedWorkspace[]>
  /** Removing what is absent succeeds; throws RuntimeRefused while a host has it. */
  removeWorkspace?(workspace: string): Promise<void>
  /** Where files can leave the node: those of a host that ended, as a tar archive. Throws RUNTIME_UNAVAILABLE also while they are read. */
  exportWorkspace?(hostId: string): Promise<Readable>
  /**
   * Makes the host with these files in its workspace, for a later `create` to start. Throws as that does, and RuntimeRefused
   * when it was started before. Once it has returned the files are there, all of them.
   */
  importWorkspace?(spec: HostSpec, files: Readable): Promise<void>
  /** The last `maxBytes` of the host's output, lines of its standard output unbroken and in order; empty when it is gone. */
  tail(hostId: string, maxBytes: number): Promise<string>
  /** Throws RUNTIME_UNAVAILABLE within 3 s when the engine does not answer. */
  ping(): Promise<void>
  /** Where the node can: nothing of the host runs any more, all of it stays in memory. Freezing a frozen host changes nothing. */
  freeze?(hostId: string): Promise<void>
  /** Goes on where it was frozen; one that is not frozen just goes on. */
  thaw?(hostId: string): Promise<void>
  /** Throws RUNTIME_UNAVAILABLE. */
  report(): Promise<NodeReport>
  /** Brings back what a reboot of the node takes away (firewall rules), for hosts that already run; to be called whenever the node comes back. */
  prepare?(): Promise<void>
}

/** The image of the template is not on the node, and nothing is pulled. */
export class ImageMissing extends Error {
  readonly image: string
  constructor(image: string, options?: ErrorOptions) {
    super(`image "${image}" is not on this node`, options)
    this.name = 'ImageMissing'
    this.image = image
  }
}

/** The engine answered, and said no: a limit it cannot give, a name that something else has. The same request fails again. */
export class RuntimeRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RuntimeRefused'
  }
}
