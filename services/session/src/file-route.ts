/** `GET` and `PUT /files?path=`: which file is meant, and what is answered when it cannot be had. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import { HoldfastError, MAX_FILE_BYTES } from '@holdfast/protocol'
import type { Host } from './host.ts'
import { running } from './session-route.ts'

/** Relative paths begin where the session's user is. Throws also after what came of a file was taken away again. */
export const serveFile = async (
  host: Host,
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
): Promise<void> => {
  const given = query.get('path') ?? ''
  if (given === '' || given.includes('\0')) throw new HoldfastError('BAD_REQUEST', 'path: the name of a file is needed')
  const path = resolve(running(host).directory, given)
  const overwrite = query.get('overwrite') === 'true'
  const files = await import('./files.ts')
  const refusal = await files.transfer({ request, response, path, overwrite, maxBytes: MAX_FILE_BYTES })
  if (refusal !== null) throw new HoldfastError(refusal.code, refusal.detail)
}
