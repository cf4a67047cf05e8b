/** A bound on how long a node is waited for. */
import { HoldfastError } from '@holdfast/protocol'

/** The answer; or RUNTIME_UNAVAILABLE with `words` when it takes longer than `ms`. */
export const inTime = async <T>(answer: Promise<T>, ms: number, words: string): Promise<T> => {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new HoldfastError('RUNTIME_UNAVAILABLE', words)), ms)
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
