/** What a door does with a connection: orders signed for it are carried out, everything else is passed on to the session host it names. */
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { HOST_ID, HoldfastError, problem } from '@holdfast/protocol'
import type { Machine } from '@holdfast/runtime/machine'
import { bearer, claimedHost, DOOR_PATH, type Logger } from '@holdfast/service-kit'
import { dial } from './dial.ts'
import { ordersServer } from './door-orders.ts'

export interface DoorParts {
  machine: Machine
  hostsDir: string
  /** Hex. */
  key: string
  logger: Logger
}

/** Of a request's head; Node's own servers take as much. */
const MAX_HEAD_BYTES = 16 * 1024
const HEAD_MS = 10_000
const END = Buffer.from('\r\n\r\n')

/** The bytes that came until the end of the first request's head was among them. Throws BAD_REQUEST. */
const readHead = async (socket: Socket): Promise<Buffer> => {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  let bytes = Buffer.alloc(0)
  const onData = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk])
    if (bytes.includes(END)) resolve(bytes)
    else if (bytes.length > MAX_HEAD_BYTES)
      reject(new HoldfastError('BAD_REQUEST', 'the head of the request is too long'))
  }
  const onClose = (): void => reject(new HoldfastError('BAD_REQUEST', 'the connection ended before the request did'))
  const timer = setTimeout(() => socket.destroy(), HEAD_MS)
  socket.on('data', onData).on('end', onClose).on('close', onClose)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    socket.pause()
    socket.off('data', onData).off('end', onClose).off('close', onClose)
  }
}

/** Throws UNAUTHENTICATED. Who names another's host gets nowhere: that host checks the token. */
const hostOf = (head: Buffer): string => {
  const text = head.subarray(0, head.indexOf(END)).toString('latin1')
  const token = bearer(/^authorization:[ \t]*(.*?)[ \t]*$/im.exec(text)?.[1])
  const host = token === undefined ? undefined : claimedHost(token)
  if (host === undefined || !HOST_ID.test(host))
    throw new HoldfastError('UNAUTHENTICATED', 'no token names a session host')
  return host
}

const refuse = (socket: Socket, error: HoldfastError): void => {
  const text = JSON.stringify(problem(error))
  const head = `HTTP/1.1 ${error.statusCode} Refused\r\ncontent-type: application/problem+json\r\nconnection: close`
  socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
}

const inWords = (error: unknown): HoldfastError =>
  error instanceof HoldfastError
    ? error
    : new HoldfastError('HOST_UNREACHABLE', 'no such session host listens on this node', { cause: error })

export const buildDoor = ({ machine, hostsDir, key, logger }: DoorParts): Server => {
  const orders = ordersServer({ machine, key, logger })
  const serve = async (socket: Socket): Promise<void> => {
    const head = await readHead(socket)
    if (head.subarray(0, DOOR_PATH.length + 6).toString('latin1') === `POST ${DOOR_PATH} `) {
      socket.unshift(head)
      orders.emit('connection', socket)
      socket.resume()
      return
    }
    const host = await dial(`unix:${join(hostsDir, hostOf(head), 'host.sock')}`, false, () => {})
    host.write(head)
    // Whichever side ends or fails, the other one hears of it; what was sent before arrives.
    pipeline(socket, host, socket, () => {})
  }
  return createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    serve(socket).catch((error) => {
      logger.debug({ err: error }, 'refused')
      refuse(socket, inWords(error))
    })
  })
}
