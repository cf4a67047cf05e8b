/** The directory of one host on its node: where its socket is, and whether the path is short enough for one. */
import { join } from 'node:path'
import { HOST_ID, HoldfastError } from '@holdfast/protocol'

/** `sun_path` holds 108 bytes with the closing zero (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107
export const SOCKET = 'host.sock'

export interface HostDirectory {
  path: string
  /** As gateways dial it. */
  address: string
}

/** Throws BAD_REQUEST for an id that is none, and when the socket's path would be too long. */
export const hostDirectory = (hostsDir: string, hostId: string): HostDirectory => {
  if (!HOST_ID.test(hostId)) throw new HoldfastError('BAD_REQUEST', `"${hostId.slice(0, 70)}" is not a host id`)
  const path = join(hostsDir, hostId)
  const socket = join(path, SOCKET)
  const bytes = Buffer.byteLength(socket)
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    const hint = `the hosts directory "${hostsDir}" must be ${bytes - MAX_SOCKET_PATH_BYTES} bytes shorter`
    throw new HoldfastError('BAD_REQUEST', `a Unix socket path has at most ${MAX_SOCKET_PATH_BYTES} bytes: ${hint}`)
  }
  return { path, address: `unix:${socket}` }
}
