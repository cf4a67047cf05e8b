/**
 * Files of the session, as its user may have them. Few sessions ask for any, so a bundle has this in a file of its own, and
 * nothing here may be of a class that the rest of the host knows.
 */
import { randomUUID } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { access, lstat, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { ErrorCode } from '@holdfast/protocol'

export interface Transfer {
  /** GET reads the file, PUT writes it. */
  request: IncomingMessage
  response: ServerResponse
  /** Absolute. */
  path: string
  /** May a file that is there be replaced? */
  overwrite: boolean
  /** Of what is written. */
  maxBytes: number
}

/** Why a file cannot be had. */
export interface Refusal {
  code: ErrorCode
  detail: string
}

class Refused extends Error implements Refusal {
  readonly code: ErrorCode
  readonly detail: string

  constructor(code: ErrorCode, detail: string) {
    super(detail)
    this.code = code
    this.detail = detail
  }
}

/** Source: open(2), rename(2), write(2). */
const BY_ERRNO: Readonly<Record<string, [ErrorCode, string]>> = {
  ENOENT: ['FILE_NOT_FOUND', 'there is no such file or directory'],
  ENOTDIR: ['FILE_NOT_FOUND', 'there is no such file or directory'],
  EACCES: ['FILE_DENIED', 'the user of the session has no right to it'],
  EPERM: ['FILE_DENIED', 'the user of the session has no right to it'],
  EROFS: ['FILE_DENIED', 'it can only be read'],
  ENOSPC: ['DISK_FULL', 'there is no room left for it'],
  EDQUOT: ['DISK_FULL', 'there is no room left for it'],
  EFBIG: ['TOO_LARGE', 'it is too large for this file system'],
  ENAMETOOLONG: ['BAD_REQUEST', 'the name is too long'],
  ELOOP: ['BAD_REQUEST', 'its links go in a circle'],
  ENXIO: ['BAD_REQUEST', 'it is no regular file'],
}

/** Of the part of a name that has to fit with what is put around it; the kernel allows 255. */
const MAX_NAME_BYTES = 200

const mustBeRegular = (found: Stats, path: string): void => {
  if (found.isDirectory()) throw new Refused('BAD_REQUEST', `"${path}" is a directory`)
  if (!found.isFile()) throw new Refused('BAD_REQUEST', `"${path}" is no regular file`)
}

const whenMissing = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null
  throw error
}

const exists = (path: string): Refused => new Refused('FILE_EXISTS', `"${path}" is there already`)

/** The file that is to be replaced, where a link to it leads, and its mode; or the new one. */
const placeOf = async ({ path, overwrite }: Transfer): Promise<{ place: string; mode: number | undefined }> => {
  const found = await stat(path).catch(whenMissing)
  if (found === null) return { place: path, mode: undefined }
  mustBeRegular(found, path)
  if (!overwrite) throw exists(path)
  await access(path, constants.W_OK)
  return { place: await realpath(path), mode: found.mode & 0o7777 }
}

async function* bounded({ request, path, maxBytes }: Transfer): AsyncGenerator<Buffer> {
  let bytes = 0
  // Not destroyed when there is no room for it: the answer still has to go out on this connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Refused('TOO_LARGE', `"${path}" is above ${maxBytes} bytes`)
    yield chunk
  }
}

const take = async (transfer: Transfer): Promise<void> => {
  const { place, mode } = await placeOf(transfer)
  const name = Buffer.from(basename(place)).subarray(0, MAX_NAME_BYTES).toString()
  const part = join(dirname(place), `.${name}.${randomUUID().slice(0, 8)}.part`)
  const file = await open(part, 'wx')
  try {
    try {
      await file.writeFile(bounded(transfer))
      if (mode !== undefined) await file.chmod(mode)
      await file.sync()
    } finally {
      await file.close()
    }
    if (!transfer.overwrite && (await lstat(place).catch(whenMissing)) !== null) throw exists(place)
    await rename(part, place)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  transfer.response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
}

const give = async ({ response, path }: Transfer): Promise<void> => {
  // A FIFO without a writer would hold an open up.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  try {
    const found = await file.stat()
    mustBeRegular(found, path)
    // They have no size, and this process' own hold its key.
    const real = await readlink(`/proc/self/fd/${file.fd}`)
    if (real.startsWith('/proc/')) throw new Refused('BAD_REQUEST', `"${path}" is no regular file`)
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': found.size })
    if (found.size === 0) response.end()
    else await pipeline(file.createReadStream({ start: 0, end: found.size - 1, autoClose: false }), response)
  } finally {
    await file.close()
  }
}

/** Who still sends hears nothing. */
const drain = (request: IncomingMessage): Promise<void> =>
  new Promise((done) => {
    if (request.readableEnded || request.destroyed) done()
    request.on('end', done).on('close', done).resume()
  })

/** Null when it was done, or when nobody is there any more to hear that it was not. What breaks off leaves nothing. */
export const transfer = async (asked: Transfer): Promise<Refusal | null> => {
  const { request, response, path } = asked
  try {
    await (request.method === 'PUT' ? take(asked) : give(asked))
    return null
  } catch (error) {
    if (response.headersSent) response.destroy()
    if (response.destroyed || request.destroyed) return null
    await drain(request)
    if (error instanceof Refused) return error
    const [code, why] = BY_ERRNO[(error as NodeJS.ErrnoException).code ?? ''] ?? []
    if (code === undefined) throw error
    return { code, detail: `"${path}": ${why}` }
  }
}
