/** Whose a warm host became: labels of a container cannot change, so it stands in a file of the host's directory, written once. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '@holdfast/protocol'
import { LABEL } from './labels.ts'
import { type HostInfo, RuntimeRefused } from './runtime.ts'
import { writeOnce } from './write-once.ts'

const FILE = 'assignment.json'

export type Labels = Readonly<Record<string, string>>

/** Empty when it is nobody's yet. `path`: the host's directory. */
export const readAssignment = async (path: string): Promise<Labels> => {
  const text = await readFile(join(path, FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw error
  })
  return JSON.parse(text) as Labels
}

/** The host with the labels it was assigned; only one made for a pool has a file that counts. */
export const withAssignment = async (
  { assigned }: { assigned(hostId: string): Promise<Labels> },
  info: HostInfo,
): Promise<HostInfo> => {
  if (info.labels[LABEL.pool] === undefined || info.labels[LABEL.session] !== undefined) return info
  return { ...info, labels: { ...info.labels, ...(await assigned(info.hostId)) } }
}

/** Appears whole or not at all, and never twice. Throws RuntimeRefused when the host was assigned otherwise. */
export const assign = async (path: string, labels: Labels): Promise<void> => {
  const text = JSON.stringify(labels)
  const isNew = await writeOnce(join(path, FILE), text).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw new HoldfastError('NOT_FOUND', 'the warm host is gone', { cause: error })
  })
  if (isNew) return
  const now = await readAssignment(path)
  if (JSON.stringify(now) !== text) throw new RuntimeRefused(`the warm host belongs to session ${now[LABEL.session]}`)
}
