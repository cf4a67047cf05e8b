/** The nodes on which session hosts may be placed. One today; everything here is ready for several. */
import { HoldfastError } from '@holdfast/protocol'
import type { Runtime } from '@holdfast/runtime'

export interface NodeView {
  id: string
  runtime: Runtime['kind']
  cordoned: boolean
  reachable: boolean
}

export interface Nodes {
  /** The runtime of a node, or undefined when this orchestrator has none of that name. */
  runtime(node: string | null): Runtime | undefined
  runtimes(): readonly Runtime[]
  /** A node that takes sessions and answers. Throws RUNTIME_UNAVAILABLE with the reason. */
  choose(): Promise<Runtime>
  /** Throws NODE_NOT_FOUND. */
  cordon(node: string, cordoned: boolean): void
  view(): Promise<NodeView[]>
}

export const createNodes = (runtimes: readonly Runtime[]): Nodes => {
  const cordoned = new Set<string>()
  const find = (node: string | null) => runtimes.find((runtime) => runtime.node === node)
  const answers = (runtime: Runtime): Promise<boolean> =>
    runtime.ping().then(
      () => true,
      () => false,
    )
  return {
    runtime: find,
    runtimes: () => runtimes,
    choose: async () => {
      const open = runtimes.filter(({ node }) => !cordoned.has(node))
      if (open.length === 0) throw new HoldfastError('RUNTIME_UNAVAILABLE', 'every node is cordoned')
      let failure: unknown
      for (const runtime of open) {
        try {
          await runtime.ping()
          return runtime
        } catch (error) {
          failure = error
        }
      }
      const detail = failure instanceof Error ? failure.message : String(failure)
      throw new HoldfastError('RUNTIME_UNAVAILABLE', detail, { cause: failure })
    },
    cordon: (node, on) => {
      if (find(node) === undefined) throw new HoldfastError('NODE_NOT_FOUND', `no node is named "${node.slice(0, 60)}"`)
      if (on) cordoned.add(node)
      else cordoned.delete(node)
    },
    view: () =>
      Promise.all(
        runtimes.map(async (runtime) => ({
          id: runtime.node,
          runtime: runtime.kind,
          cordoned: cordoned.has(runtime.node),
          reachable: await answers(runtime),
        })),
      ),
  }
}
