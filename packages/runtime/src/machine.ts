/** The machine that a node's session hosts run on: the directories of their sockets, and how full it is. */
import { chmod, chown, lstat, mkdir, readFile, rm, rmdir, statfs } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { HoldfastError, type Pressure } from '@holdfast/protocol'
import { assign, type Labels, readAssignment } from './assignment.ts'
import { hostDirectory, SOCKET } from './host-directory.ts'

export type { Labels } from './assignment.ts'
export { RuntimeRefused } from './runtime.ts'

/** Any call may throw RUNTIME_UNAVAILABLE when the machine is another one and does not answer. */
export interface Machine {
  /** As gateways dial it. Throws BAD_REQUEST for an id that is none. */
  address(hostId: string): string
  /** The directory, open to the user of the session until the host in it has made its socket. */
  make(hostId: string): Promise<void>
  /** Takes write access away from the session. Throws NOT_FOUND. */
  seal(hostId: string): Promise<void>
  /** Says for good whose a warm host is. Throws RuntimeRefused when it is another's, NOT_FOUND when it is gone. */
  assign(hostId: string, labels: Labels): Promise<void>
  /** The labels it was assigned; none when it is nobody's yet. */
  assigned(hostId: string): Promise<Labels>
  /** With all that is in it. */
  remove(hostId: string): Promise<void>
  /** Unless something is in it. */
  removeEmpty(hostId: string): Promise<void>
  pressure(): Promise<Pressure>
}

/** The user of every session. */
const SESSION_UID = 1000
const KIB_PER_MIB = 1024
const BYTES_PER_MIB = 1024 * 1024

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

const seal = async (path: string, hostId: string): Promise<void> => {
  await chown(path, 0, 0).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new HoldfastError('NOT_FOUND', `there is no session host ${hostId}`)
    // Not root: then the directory is our own user's, which serves as well unless that is the session's, too.
    if (error.code !== 'EPERM' || process.getuid?.() === SESSION_UID) throw error
  })
  await chmod(path, 0o755)
}

const numberIn = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN)

/** Of the whole machine, also when read in a container: these files of proc(5) know no namespaces. */
const readPressure = async (directory: string): Promise<Pressure> => {
  const [memory, load, pidMax, threadsMax, disk] = await Promise.all([
    readFile('/proc/meminfo', 'utf8'),
    readFile('/proc/loadavg', 'utf8'),
    readFile('/proc/sys/kernel/pid_max', 'utf8'),
    readFile('/proc/sys/kernel/threads-max', 'utf8'),
    statfs(directory),
  ])
  const totalKib = numberIn(memory, /^MemTotal:\s+(\d+)/m)
  const availableKib = numberIn(memory, /^MemAvailable:\s+(\d+)/m)
  return {
    cpu: numberIn(load, /^(\S+)/) / cpus().length,
    memory: 1 - availableKib / totalKib,
    memoryFreeMb: Math.floor(availableKib / KIB_PER_MIB),
    pids: numberIn(load, /\/(\d+)/) / Math.min(Number(pidMax), Number(threadsMax)),
    disk: 1 - disk.bavail / disk.blocks,
    diskFreeMb: Math.floor((disk.bavail * disk.bsize) / BYTES_PER_MIB),
  }
}

/** This machine, with the directories of its hosts in `hostsDir`. */
export const localMachine = (hostsDir: string): Machine => ({
  address: (hostId) => hostDirectory(hostsDir, hostId).address,
  make: async (hostId) => {
    const { path } = hostDirectory(hostsDir, hostId)
    await mkdir(path, { recursive: true })
    // Behind a socket it may be sealed: whoever comes late, or repeats an old request, opens nothing again.
    if (!(await exists(join(path, SOCKET)))) await chmod(path, 0o777)
  },
  seal: (hostId) => seal(hostDirectory(hostsDir, hostId).path, hostId),
  assign: (hostId, labels) => assign(hostDirectory(hostsDir, hostId).path, labels),
  assigned: (hostId) => readAssignment(hostDirectory(hostsDir, hostId).path),
  remove: (hostId) => rm(hostDirectory(hostsDir, hostId).path, { recursive: true, force: true }),
  removeEmpty: async (hostId) => {
    await rmdir(hostDirectory(hostsDir, hostId).path).catch(() => {})
  },
  pressure: async () => {
    await mkdir(hostsDir, { recursive: true })
    return readPressure(hostsDir)
  },
})
