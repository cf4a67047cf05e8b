/** Orders for this machine: each signed for this door, short-lived and good for one use. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { HoldfastError, problem } from '@holdfast/protocol'
import { type Machine, RuntimeRefused } from '@holdfast/runtime/machine'
import { bearer, type DoorOrder, type Logger, toHoldfastError, verify } from '@holdfast/service-kit'

export interface OrdersParts {
  machine: Machine
  /** Hex. */
  key: string
  logger: Logger
}

const carryOut = async (machine: Machine, order: DoorOrder): Promise<unknown> => {
  switch (order.op) {
    case 'pressure':
      return machine.pressure()
    case 'assign':
      return machine.assign(order.host, order.labels)
    default:
      return machine[order.op](order.host)
  }
}

/** What the machine refuses is told as STALE, which the one who ordered turns back. */
const inWords = (error: unknown): HoldfastError =>
  error instanceof RuntimeRefused ? new HoldfastError('STALE', error.message, { cause: error }) : toHoldfastError(error)

export const ordersServer = ({ machine, key, logger }: OrdersParts): Server => {
  /** Used orders by id, with the Unix time (ms) after which they are refused anyway. */
  const spent = new Map<string, number>()
  const spend = (id: string, expires: number): void => {
    for (const [other, end] of spent) if (end <= Date.now()) spent.delete(other)
    if (spent.has(id)) throw new HoldfastError('UNAUTHENTICATED', 'the order was carried out before')
    spent.set(id, expires)
  }
  const answer = async ({ headers }: IncomingMessage): Promise<unknown> => {
    const { body, id, expires } = verify<DoorOrder>(key, bearer(headers.authorization) ?? '')
    spend(id, expires)
    return carryOut(machine, body)
  }
  return createServer((request, response) => {
    const json = (status: number, type: string, body: unknown) =>
      response.writeHead(status, { 'content-type': type, connection: 'close' }).end(JSON.stringify(body ?? null))
    answer(request).then(
      (result) => json(200, 'application/json', result),
      (thrown) => {
        const error = inWords(thrown)
        if (error.code === 'INTERNAL') logger.error({ err: thrown }, 'an order failed')
        json(error.statusCode, 'application/problem+json', problem(error))
      },
    )
  })
}
