/** Where session hosts come from, in our words: nothing of Docker, Kubernetes or processes shows here. */
import type { Limits } from '@holdfast/protocol'

export interface HostSpec {
  /** Names the container or process; a second create with the same id finds the first. */
  hostId: string
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
  /** `created`: made but not started. `exited`: its process is gone. */
  state: 'created' | 'running' | 'exited'
  /** Exit code of the host process; null while it runs or where nobody was there to see it. */
  exitCode: number | null
  oomKilled: boolean
  /** `unix:<path>` or `tcp:<host>:<port>`, as gateways dial it. */
  address: string
  labels: Readonly<Record<string, string>>
  /** ISO 8601. */
  createdAt: string
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
  /** After the host listens and before any user code runs: takes write access to the socket's directory away from the session. */
  seal(hostId: string): Promise<void>
  /** All hosts of this cluster on the node, or an error: never a part of them. */
  list(): Promise<HostInfo[]>
  inspect(hostId: string): Promise<HostInfo | null>
  /** SIGTERM, then SIGKILL after `graceMs`. Stopping an absent host succeeds. */
  stop(hostId: string, graceMs: number): Promise<void>
  /** Ends it if it runs, and removes every trace: container, volume, socket, log. Removing an absent host succeeds. */
  remove(hostId: string): Promise<void>
  /** The last `maxBytes` of the host's output, lines of its standard output unbroken and in order; empty when it is gone. */
  tail(hostId: string, maxBytes: number): Promise<string>
  /** Throws RUNTIME_UNAVAILABLE within 3 s when the engine does not answer. */
  ping(): Promise<void>
  /** Brings back what a reboot of the node takes away (firewall rules), for hosts that already run; call once at the start. */
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
