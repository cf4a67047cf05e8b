/** The path by which a Docker engine knows a directory of ours: another one when we run in a container ourselves. */
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { HoldfastError } from '@holdfast/protocol'
import type Docker from 'dockerode'
import { call, DEADLINE_MS, unless } from './docker-engine.ts'

interface Mount {
  Source: string
  Destination: string
}

/** Ids under which the engine may know us: the hostname it gives by default, and the source of /etc/hostname (fields 4, 5: proc(5)). */
export const ownIds = (host: string, mountinfo: string): string[] => {
  const mounted = mountinfo.split('\n').flatMap((line) => {
    const [, , , root = '', target] = line.split(' ')
    const id = /\/containers\/([0-9a-f]{64})\/hostname$/.exec(root)?.[1]
    return target === '/etc/hostname' && id !== undefined ? [id] : []
  })
  return /^[0-9a-f]{12}$/.test(host) ? [host, ...mounted] : mounted
}

/** Through the innermost mount that holds `path`; null when none does. */
export const throughMounts = (mounts: readonly Mount[], path: string): string | null => {
  const holding = mounts.filter(({ Destination }) => !relative(Destination, path).startsWith('..'))
  const [inner] = holding.sort((a, b) => b.Destination.length - a.Destination.length)
  return inner === undefined ? null : join(inner.Source, relative(inner.Destination, path))
}

/** Throws RUNTIME_UNAVAILABLE when we run in a container of this engine and the directory is in no mount it shares. */
export const enginePath = async (docker: Docker, directory: string): Promise<string> => {
  const path = resolve(directory)
  for (const id of ownIds(hostname(), await readFile('/proc/self/mountinfo', 'utf8').catch(() => ''))) {
    const inspecting = call('inspect our own container', DEADLINE_MS.query, (abortSignal) =>
      docker.getContainer(id).inspect({ abortSignal }),
    )
    const own = await unless([404], inspecting)
    if (own === null) continue
    const there = throughMounts(own.Mounts, path)
    if (there !== null) return there
    const reason = `"${path}" is inside this container; mount a directory of the engine's machine or a volume there`
    throw new HoldfastError('RUNTIME_UNAVAILABLE', reason)
  }
  return path
}
