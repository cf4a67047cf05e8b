/** `holdfast cp`: a file into a session, or out of it. */
import { createWriteStream, openAsBlob } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import type { HoldfastClient } from '@holdfast/client'
import { HoldfastError } from '@holdfast/protocol'
import { command, UsageError } from '../command.ts'
import { findSession } from '../targets.ts'

/** As scp tells them apart: a colon before any slash names a session. */
const remoteOf = (text: string): { target: string; path: string } | null => {
  const [, target, path] = /^([^/:]+):(.*)$/s.exec(text) ?? []
  return target === undefined || path === undefined ? null : { target, path }
}

/** Throws what is wrong with a file of this machine in our words. */
const local = (cause: NodeJS.ErrnoException): never => {
  throw new HoldfastError('BAD_REQUEST', cause.message, { cause })
}

const upload = async (client: HoldfastClient, id: string, from: string, to: string, force: boolean): Promise<void> => {
  const found = await stat(from).catch(local)
  if (!found.isFile()) throw new HoldfastError('BAD_REQUEST', `"${from}" is no regular file`)
  await client.upload(id, to || basename(from), await openAsBlob(from), { overwrite: force })
}

/** Whole or not at all. */
const download = async (
  client: HoldfastClient,
  id: string,
  from: string,
  to: string,
  force: boolean,
): Promise<void> => {
  const found = await stat(to).catch(() => null)
  const place = found?.isDirectory() ? join(to, basename(from)) : to
  if (!force && (await stat(place).catch(() => null)) !== null)
    throw new HoldfastError('FILE_EXISTS', `"${place}" is there already; --force replaces it`)
  const { body } = await client.download(id, from)
  const part = `${place}.${process.pid}.part`
  try {
    await pipeline(Readable.fromWeb(body as ReadableStream), createWriteStream(part))
    await rename(part, place)
  } catch (error) {
    await rm(part, { force: true })
    local(error as NodeJS.ErrnoException)
  }
}

export const cpCommand = command(
  {
    name: 'cp',
    summary: 'Copy a file into a session, or out of it. Relative paths there begin where its shell is.',
    usage: '<file> <session>:[<path>] | <session>:<path> <file> [--force]',
    options: { force: { type: 'boolean', short: 'f', about: 'replace a file that is there' } },
    examples: ['holdfast cp notes.txt build:', 'holdfast cp build:/tmp/report.html .'],
  },
  async ({ force = false }, positionals, { client, sessions }) => {
    const [from = '', to = ''] = positionals
    const [source, place] = [remoteOf(from), remoteOf(to)]
    if (positionals.length !== 2 || (source === null) === (place === null))
      throw new UsageError('name a file of this machine and one of a session, as in `holdfast cp notes.txt build:`')
    const api = client()
    const find = (target: string): Promise<string> => findSession(sessions(), target)
    if (place !== null) await upload(api, await find(place.target), from, place.path, force)
    else if (source !== null) await download(api, await find(source.target), source.path, to, force)
    return 0
  },
)
