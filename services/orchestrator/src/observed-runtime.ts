/** A runtime that counts its failures. */
import { ImageMissing, type Runtime } from '@holdfast/runtime'

/** An image that is missing is an answer, not a failure of the runtime. */
export const observedRuntime = (runtime: Runtime, onError: (operation: string, error: unknown) => void): Runtime => {
  const watched = async <T>(operation: string, call: Promise<T>): Promise<T> => {
    try {
      return await call
    } catch (error) {
      if (!(error instanceof ImageMissing)) onError(operation, error)
      throw error
    }
  }
  return {
    kind: runtime.kind,
    node: runtime.node,
    create: (spec) => watched('create', runtime.create(spec)),
    seal: (hostId) => watched('seal', runtime.seal(hostId)),
    list: () => watched('list', runtime.list()),
    inspect: (hostId) => watched('inspect', runtime.inspect(hostId)),
    stop: (hostId, graceMs) => watched('stop', runtime.stop(hostId, graceMs)),
    remove: (hostId) => watched('remove', runtime.remove(hostId)),
    tail: (hostId, maxBytes) => watched('tail', runtime.tail(hostId, maxBytes)),
    ping: () => watched('ping', runtime.ping()),
    prepare: () => watched('prepare', runtime.prepare?.() ?? Promise.resolve()),
  }
}
