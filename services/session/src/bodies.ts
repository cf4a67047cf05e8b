/** JSON bodies and messages from outside: read with a limit, checked against their schema, refused with the place that is wrong. */
import type { IncomingMessage } from 'node:http'
import { HoldfastError } from '@holdfast/protocol'
import { fault, fits } from './checks.ts'
import type { Fitting, SchemaName } from './schemas.ts'

/** Arguments and environment of one command together; the kernel itself allows 2 MiB by default (execve(2)). */
const MAX_BODY_BYTES = 4 * 1024 * 1024

/** Returns the value as what the schema of this name says, or throws BAD_REQUEST naming the first thing that is wrong. */
export const checked = <Name extends SchemaName>(name: Name, value: unknown, what: string = name): Fitting<Name> => {
  if (fits(name, value)) return value as Fitting<Name>
  throw new HoldfastError('BAD_REQUEST', `${what}: ${fault(name, value)}`)
}

export const parseJson = (text: string, what: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new HoldfastError('BAD_REQUEST', `${what} is not JSON`, { cause: error })
  }
}

/** An empty body is an empty object. */
export const readBody = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = []
  let bytes = 0
  // Not destroyed by the throw below: the answer still has to go out on this connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw new HoldfastError('TOO_LARGE', `the body is above ${MAX_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  return bytes === 0 ? {} : parseJson(Buffer.concat(chunks).toString(), 'the body')
}
