/** Connecting to a session host's address; only what fails before a byte was sent is tried again. */
import { lstat } from 'node:fs/promises'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const CONNECT_TIMEOUT_MS = 1500
/** Waits between the tries: a host that is just starting to listen is reached, a dead one costs 350 ms. */
const BACKOFF_MS = [50, 100, 200]
/** EAGAIN: the backlog of a Unix socket is full (connect(2)). */
const TRANSIENT = new Set(['ECONNREFUSED', 'ENOENT', 'ETIMEDOUT', 'EAGAIN', 'EHOSTUNREACH'])

/** The host was not reached: no byte was sent, so another address may be tried. */
export class DialError extends Error {
  readonly transient: boolean
  constructor(address: string, cause: unknown) {
    const { code = '', message } = cause as NodeJS.ErrnoException
    super(`cannot dial ${address}: ${message}`, { cause })
    this.name = 'DialError'
    this.transient = TRANSIENT.has(code)
  }
}

/** What is at the path was made by a host that is not trusted: anything but a socket could lead elsewhere. */
const unixTarget = async (path: string): Promise<NetConnectOpts> => {
  if (!(await lstat(path)).isSocket()) throw new Error('not a socket')
  return { path }
}

const targetOf = async (address: string): Promise<NetConnectOpts> => {
  if (address.startsWith('unix:/')) return unixTarget(address.slice('unix:'.length))
  const [, host = '', port] = /^tcp:(.+):(\d{1,5})$/.exec(address) ?? []
  if (port === undefined) throw new Error('neither unix:<path> nor tcp:<host>:<port>')
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port), noDelay: true, keepAlive: true }
}

const timedOut = (): NodeJS.ErrnoException => Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })

const connected = (target: NetConnectOpts): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(target)
    const timer = setTimeout(() => socket.destroy(timedOut()), CONNECT_TIMEOUT_MS)
    const failed = (error: Error): void => {
      clearTimeout(timer)
      reject(error)
    }
    socket.once('error', failed)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', failed).on('error', () => undefined) // whoever uses it sees 'close'
      resolve(socket)
    })
  })

const dialOnce = async (address: string): Promise<Socket> => {
  try {
    return await connected(await targetOf(address))
  } catch (error) {
    throw new DialError(address, error)
  }
}

/** Throws DialError. `patient`: transient failures are tried again, `onRetry` counts them. */
export const dial = async (address: string, patient: boolean, onRetry: () => void): Promise<Socket> => {
  for (const waitMs of patient ? BACKOFF_MS : []) {
    try {
      return await dialOnce(address)
    } catch (error) {
      if (!(error as DialError).transient) throw error
      onRetry()
      await delay(waitMs)
    }
  }
  return dialOnce(address)
}
