/** A runtime whose trouble stays its own: calls are bounded in number, and none goes out while the breaker is open. */
import { HoldfastError } from '@holdfast/protocol'
import { type Runtime, Semaphore } from '@holdfast/runtime'
import { around } from './around.ts'
import type { Breaker } from './breaker.ts'

/** Calls at once; fewer than the workers of the queue, so that a node that hangs leaves some of them to the others. */
const MAX_CALLS = 12
/** How long a call waits for its turn, milliseconds. */
const MAX_WAIT_MS = 1_000

export const isUnavailable = (error: unknown): error is HoldfastError =>
  error instanceof HoldfastError && error.code === 'RUNTIME_UNAVAILABLE'

/** An engine that answers with a refusal works. */
export const counted = async <T>(breaker: Breaker, call: () => Promise<T>): Promise<T> => {
  try {
    const answer = await call()
    breaker.succeeded()
    return answer
  } catch (error) {
    if (isUnavailable(error)) breaker.failed(error)
    else breaker.succeeded()
    throw error
  }
}

/** The knocks of the heartbeat: they always go out, and only they close the breaker. */
const KNOCKS: ReadonlySet<string> = new Set(['ping', 'report', 'prepare'])

export const guardedRuntime = (runtime: Runtime, breaker: Breaker): Runtime => {
  const calls = new Semaphore(MAX_CALLS, MAX_WAIT_MS)
  return around(runtime, (operation, call) => {
    if (KNOCKS.has(operation)) return call()
    return calls.run(async () => {
      const obstacle = breaker.obstacle()
      if (obstacle !== null) throw new HoldfastError('RUNTIME_UNAVAILABLE', `node "${runtime.node}": ${obstacle}`)
      // Not counted: a create also fails for reasons of its own session, such as a network that cannot be guarded.
      return operation === 'create' ? call() : counted(breaker, call)
    })
  })
}
