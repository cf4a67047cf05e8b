/** The machine of a node elsewhere: what must be done there is ordered from the node's door. */
import { HoldfastError, type Pressure } from '@holdfast/protocol'
import { type Machine, RuntimeRefused } from '@holdfast/runtime'
import { DOOR_PATH, type DoorOrder, GRANT_TTL_MS, sign } from '@holdfast/service-kit'
import { askHost } from './host-request.ts'

/** For one order; all are a few system calls. */
const ORDER_MS = 5_000

const inWords = (error: unknown): unknown => {
  if (!(error instanceof HoldfastError)) return error
  if (error.code === 'STALE') return new RuntimeRefused(error.message, { cause: error })
  if (error.code === 'NOT_FOUND') return error
  return new HoldfastError('RUNTIME_UNAVAILABLE', `the door of the node: ${error.message}`, { cause: error })
}

/** `address`: `<IP>:<port>`; `key`: the door's, hex. */
export const doorMachine = (address: string, key: string): Machine => {
  const order = async <T>(body: DoorOrder): Promise<T> => {
    try {
      const token = sign(key, body, GRANT_TTL_MS)
      const { text } = await askHost(`tcp:${address}`, { method: 'POST', path: DOOR_PATH, token, timeoutMs: ORDER_MS })
      return JSON.parse(text) as T
    } catch (error) {
      throw inWords(error)
    }
  }
  return {
    address: () => `tcp:${address}`,
    make: (host) => order({ op: 'make', host }),
    seal: (host) => order({ op: 'seal', host }),
    assign: (host, labels) => order({ op: 'assign', host, labels }),
    assigned: (host) => order({ op: 'assigned', host }),
    remove: (host) => order({ op: 'remove', host }),
    removeEmpty: (host) => order({ op: 'removeEmpty', host }),
    pressure: () => order<Pressure>({ op: 'pressure' }),
  }
}
