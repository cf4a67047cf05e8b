/** The volumes with the sessions' files: told of, removed, and copied from one engine to another. */
import { pipeline, type Readable, Transform } from 'node:stream'
import { HoldfastError } from '@holdfast/protocol'
import type Docker from 'dockerode'
import { containerName, HOME, seenInVolumes } from './docker-container.ts'
import { call, DEADLINE_MS, unless } from './docker-engine.ts'
import { LABEL } from './labels.ts'
import type { UnusedWorkspace } from './runtime.ts'

/** To the engine also a container that ended, or was never started, has its volumes. */
export const unusedWorkspaces = async (docker: Docker, cluster: string): Promise<UnusedWorkspace[]> => {
  const filters = { label: [`${LABEL.cluster}=${cluster}`, LABEL.host], dangling: ['true'] }
  const { Volumes } = await call('list volumes', DEADLINE_MS.query, (abortSignal) =>
    docker.listVolumes({ filters, abortSignal }),
  )
  return (Volumes ?? []).map((volume) => seenInVolumes(cluster, volume)).filter((seen) => seen !== null)
}

/** The engine refuses while a container has it. */
export const removeVolume = async (docker: Docker, cluster: string, workspace: string): Promise<void> => {
  const volume = docker.getVolume(containerName(cluster, workspace))
  const removing = call('remove a volume', DEADLINE_MS.change, (abortSignal) => volume.remove({ abortSignal }))
  await unless([404], removing)
}

type ArchiveOptions = { path: string }
/** The signal goes past the query. */
const archive = (path: string, abortSignal: AbortSignal): ArchiveOptions =>
  ({ _query: { path }, abortSignal }) as unknown as ArchiveOptions

/** What is in the home, as a tar archive with owners and modes as they are. */
export const readFiles = async (container: Docker.Container): Promise<Readable> => {
  const reading = call('read files', DEADLINE_MS.query, (signal) => container.getArchive(archive(`${HOME}/.`, signal)))
  return (await reading) as Readable
}

/** Bytes of zeros at the end of every archive; source: POSIX pax, ustar interchange format. */
const TRAILER_BYTES = 1024

/** An engine whose reading fails ends the archive early, without a word. */
const wholeArchive = (): Transform => {
  let end: Buffer = Buffer.alloc(0)
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      end = (chunk.length < TRAILER_BYTES ? Buffer.concat([end, chunk]) : chunk).subarray(-TRAILER_BYTES)
      done(null, chunk)
    },
    flush(done) {
      const isWhole = end.length === TRAILER_BYTES && end.every((byte) => byte === 0)
      done(isWhole ? null : new Error('the archive has no end'))
    },
  })
}

/**
 * Into a container that need not run. The home itself, and the image's files in it, are there already; that directory's owner
 * and mode stay as they are. Throws RUNTIME_UNAVAILABLE when the archive breaks off, whatever part of it is
 * written by then.
 */
export const writeFiles = async (container: Docker.Container, files: Readable): Promise<void> => {
  const broken = new AbortController()
  const body = wholeArchive()
  pipeline(files, body, (error) => {
    if (error) broken.abort(error)
  })
  try {
    await call('write files', DEADLINE_MS.copy, (deadline) =>
      container.putArchive(body, archive(HOME, AbortSignal.any([deadline, broken.signal]))),
    )
  } catch (error) {
    if (!broken.signal.aborted) throw error
    const { message } = broken.signal.reason as Error
    throw new HoldfastError('RUNTIME_UNAVAILABLE', `the files of a session broke off: ${message}`, { cause: error })
  } finally {
    files.destroy()
  }
}
