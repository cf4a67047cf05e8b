/** The nodes on which session hosts may be placed: those of the file, those added by API, and what operators said of them. */
import { HoldfastError, type NodeSpec } from '@holdfast/protocol'
import type { Runtime } from '@holdfast/runtime'
import type { Logger } from '@holdfast/service-kit'
import type { NodeStore } from '@holdfast/session-store'
import { createNode, type Node } from './node.ts'
import { createNodeWords, type NodeFlags, type Words } from './node-words.ts'

export interface Nodes {
  all(): readonly Node[]
  /** Throws NODE_NOT_FOUND. */
  get(id: string): Node
  isFromFile(id: string): boolean
  /** The runtime of a node, or undefined when this orchestrator has none of that name. */
  runtime(node: string | null): Runtime | undefined
  runtimes(): readonly Runtime[]
  flags(id: string | null): NodeFlags
  /** While it lasts, no timer ends a session: time to live, idleness and start deadlines wait for its end. */
  maintenance(): Words['maintenance']
  /** Which version of the operators' word the above is. */
  rev(): number
  /** The writes throw NODE_NOT_FOUND, NODE_EXISTS, BAD_REQUEST or STORE_UNAVAILABLE. */
  add(spec: NodeSpec): Promise<void>
  remove(id: string): Promise<void>
  setFlags(id: string, flags: NodeFlags): Promise<void>
  setMaintenance(on: boolean): Promise<void>
  /** Follows what other replicas wrote. Throws STORE_UNAVAILABLE. */
  sync(): Promise<void>
  /** Begins the heartbeats; resolves when every node has answered, or after some seconds. */
  start(): Promise<void>
  stop(): void
}

export interface NodesOptions {
  /** Of the file. */
  specs: readonly NodeSpec[]
  /** Throws BAD_REQUEST when it cannot be made. */
  runtimeOf: (spec: NodeSpec) => Runtime
  store: NodeStore
  /** Redis lost what it knew of the nodes; awaited before it gets the operators' word back. */
  onLost: () => Promise<void>
  /** A node does not answer any more. */
  onSilent: (node: string) => void
  /** A host is worth a look. */
  onHost: (node: string, hostId: string) => void
  logger: Logger
}

const NO_FLAGS: NodeFlags = { cordoned: false, draining: null }
/** A node that hangs must not hold up the start of the others. */
const FIRST_BEATS_MS = 5_000

const without = <T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))

export const createNodes = (options: NodesOptions): Nodes => {
  const { specs, runtimeOf, store, onLost, onSilent, onHost, logger } = options
  const words = createNodeWords(store, onLost)
  const nodes = new Map<string, Node>()
  let beating = false
  const make = (spec: NodeSpec): Promise<void> => {
    const node = createNode(spec, runtimeOf(spec), logger, {
      onSilent: () => onSilent(spec.id),
      onHost: (hostId) => onHost(spec.id, hostId),
    })
    nodes.set(spec.id, node)
    return beating ? node.start() : Promise.resolve()
  }
  for (const spec of specs) void make(spec)
  const isFromFile = (id: string): boolean => specs.some((spec) => spec.id === id)

  /** Nodes come and go as the operators' word says. */
  const follow = (): void => {
    const wanted = new Map(words.now().added.map((spec) => [spec.id, spec]))
    for (const [id, node] of nodes) {
      if (isFromFile(id) || wanted.has(id)) continue
      node.stop()
      nodes.delete(id)
    }
    for (const spec of wanted.values()) {
      if (nodes.has(spec.id)) continue
      try {
        void make(spec)
      } catch (error) {
        // Another replica could: it has a key or certificate that is not here.
        logger.error({ err: error, node: spec.id }, 'a node cannot be used from here')
      }
    }
  }
  const get = (id: string): Node => {
    const node = nodes.get(id)
    if (node === undefined) throw new HoldfastError('NODE_NOT_FOUND', `no node is named "${id.slice(0, 60)}"`)
    return node
  }
  const change = async (next: (now: Words) => Words): Promise<void> => {
    await words.change(next)
    follow()
  }
  return {
    all: () => [...nodes.values()],
    get,
    isFromFile,
    runtime: (id) => (id === null ? undefined : nodes.get(id)?.runtime),
    runtimes: () => [...nodes.values()].map(({ runtime }) => runtime),
    flags: (id) => (id === null ? undefined : words.now().flags[id]) ?? NO_FLAGS,
    maintenance: () => words.now().maintenance,
    rev: () => words.rev(),
    add: async (spec) => {
      runtimeOf(spec) // what cannot be made here is told to the caller, and written nowhere
      await change((now) => {
        if (isFromFile(spec.id) || now.added.some(({ id }) => id === spec.id)) {
          throw new HoldfastError('NODE_EXISTS', `a node is named "${spec.id}" already`)
        }
        return { ...now, added: [...now.added, spec] }
      })
    },
    remove: async (id) => {
      get(id)
      if (isFromFile(id)) throw new HoldfastError('BAD_REQUEST', `node "${id}" is in the nodes file; remove it there`)
      await change((now) => ({
        ...now,
        added: now.added.filter((spec) => spec.id !== id),
        flags: without(now.flags, id),
      }))
    },
    setFlags: async (id, flags) => {
      get(id)
      await change((now) => ({ ...now, flags: { ...now.flags, [id]: flags } }))
    },
    setMaintenance: (on) =>
      change((now) => ({ ...now, maintenance: on ? (now.maintenance ?? { since: new Date().toISOString() }) : null })),
    sync: async () => {
      await words.sync()
      follow()
    },
    start: async () => {
      beating = true
      const late = new Promise<void>((resolve) => setTimeout(resolve, FIRST_BEATS_MS).unref())
      await Promise.race([Promise.all([...nodes.values()].map((node) => node.start())), late])
    },
    stop: () => {
      for (const node of nodes.values()) node.stop()
    },
  }
}
