/** What `holdfast top` shows, read anew every two seconds and at once when the gateway tells of a change. */
import { allSessions, type HoldfastClient } from '@holdfast/client'
import { HoldfastError, type NodeList, type Session } from '@holdfast/protocol'

/** Viewers and titles change without an event. Milliseconds. */
const PERIOD_MS = 2000
/** Between two readings, however many changes there are. */
const LEAST_MS = 250

export interface Snapshot {
  sessions: Session[]
  /** null when the key is no operator's. */
  nodes: NodeList | null
}

const isForbidden = (error: unknown): boolean => error instanceof HoldfastError && error.code === 'FORBIDDEN'
const passes = (error: unknown): error is HoldfastError => error instanceof HoldfastError && error.retryable

const nodesIfAllowed = (client: HoldfastClient): Promise<NodeList | null> =>
  client.nodes().catch((error: unknown) => {
    if (isForbidden(error)) return null
    throw error
  })

export const takeSnapshot = async (client: HoldfastClient, asOperator = true): Promise<Snapshot> => {
  const [sessions, nodes] = await Promise.all([allSessions(client), asOperator ? nodesIfAllowed(client) : null])
  return { sessions, nodes }
}

/** Until `signal` aborts. `failed` hears why there is nothing new when that may pass; throws what does not pass. */
export const watch = async (
  client: HoldfastClient,
  signal: AbortSignal,
  { taken, failed }: { taken(snapshot: Snapshot): void; failed(why: string): void },
  periodMs = PERIOD_MS,
): Promise<void> => {
  let asOperator = true
  let changed = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => changed.resolve())

  const listen = async (): Promise<void> => {
    for await (const _ of client.events(signal)) changed.resolve()
  }
  const read = async (): Promise<void> => {
    try {
      const snapshot = await takeSnapshot(client, asOperator)
      asOperator = snapshot.nodes !== null
      if (!signal.aborted) taken(snapshot)
    } catch (error) {
      if (!passes(error)) throw error
      if (!signal.aborted) failed(error.message)
    }
  }
  const poll = async (): Promise<void> => {
    while (!signal.aborted) {
      changed = Promise.withResolvers() // before the reading, which may miss what changes meanwhile
      await read()
      const timer = setTimeout(() => changed.resolve(), periodMs)
      await new Promise((resolve) => setTimeout(resolve, LEAST_MS))
      if (!signal.aborted) await changed.promise
      clearTimeout(timer)
    }
  }
  await Promise.all([listen(), poll()])
}
