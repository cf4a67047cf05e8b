/** A runtime that counts its failures. */
import { ImageMissing, type Runtime } from '@holdfast/runtime'
import { around } from './around.ts'

/** An image that is missing is an answer, not a failure of the runtime. */
export const observedRuntime = (runtime: Runtime, onError: (operation: string, error: unknown) => void): Runtime =>
  around(runtime, async (operation, call) => {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof ImageMissing)) onError(operation, error)
      throw error
    }
  })
