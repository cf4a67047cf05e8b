/** The WebSocket opening handshake (RFC 6455 §4) on both sides: what a client asked for, and asking a session host for the same. */
import { createHash } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { ERRORS, type ErrorCode, HoldfastError, RAW_SUBPROTOCOL, SUBPROTOCOL, TICKET_PREFIX } from '@holdfast/protocol'

const HANDSHAKE_TIMEOUT_MS = 5000
const MAX_REFUSAL_BYTES = 16 * 1024

export interface Upgrade {
  key: string
  /** Those offered that we speak, in the client's order; empty: none was offered. */
  protocols: string[]
  ticket: string | undefined
}

/** Reads a client's request; throws BAD_REQUEST or UNSUPPORTED_PROTOCOL. */
export const readUpgrade = ({ method, headers }: IncomingMessage): Upgrade => {
  const key = headers['sec-websocket-key'] ?? ''
  if (method !== 'GET') throw new HoldfastError('BAD_REQUEST', 'an upgrade needs the method GET')
  if (headers['sec-websocket-version'] !== '13')
    throw new HoldfastError('BAD_REQUEST', 'the WebSocket version is not 13')
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) throw new HoldfastError('BAD_REQUEST', 'Sec-WebSocket-Key is malformed')
  const entries = (headers['sec-websocket-protocol'] ?? '').split(',').map((entry) => entry.trim())
  const tickets = entries.filter((entry) => entry.startsWith(TICKET_PREFIX))
  const offered = entries.filter((entry) => entry !== '' && !entry.startsWith(TICKET_PREFIX))
  const spoken = offered.filter((entry) => entry === SUBPROTOCOL || entry === RAW_SUBPROTOCOL)
  const protocols = [...new Set(spoken)] // a host refuses a name that comes twice
  if (offered.length > 0 && spoken.length === 0) {
    throw new HoldfastError('UNSUPPORTED_PROTOCOL', `offer ${SUBPROTOCOL}, ${RAW_SUBPROTOCOL} or nothing`)
  }
  return { key, protocols, ticket: tickets[0]?.slice(TICKET_PREFIX.length) }
}

/** RFC 6455 §4.2.2, item 5.4. */
const acceptOf = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

export const acceptAnswer = (key: string, protocol: string | undefined): string =>
  [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptOf(key)}`,
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    '\r\n',
  ].join('\r\n')

/** A session host that answered, but not with 101. `code` is that of its problem+json, if it gave one. */
export class HostRefusal extends Error {
  readonly status: number
  readonly code: ErrorCode | undefined
  constructor(status: number, code: ErrorCode | undefined, detail: string) {
    super(detail)
    this.name = 'HostRefusal'
    this.status = status
    this.code = code
  }
}

const refusalOf = async (answer: IncomingMessage): Promise<HostRefusal> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer) {
    size += chunk.length
    if (size > MAX_REFUSAL_BYTES) break
    chunks.push(chunk)
  }
  const status = answer.statusCode ?? 0
  try {
    const { code, detail } = JSON.parse(Buffer.concat(chunks).toString()) as { code?: unknown; detail?: unknown }
    const known = typeof code === 'string' && code in ERRORS ? (code as ErrorCode) : undefined
    return new HostRefusal(status, known, typeof detail === 'string' ? detail.slice(0, 500) : `HTTP ${status}`)
  } catch {
    return new HostRefusal(status, undefined, `HTTP ${status}`)
  }
}

export interface HostUpgrade {
  path: string
  grant: string
  upgrade: Upgrade
}
export interface HostAnswer {
  protocol: string | undefined
  /** Bytes that came together with the answer. */
  head: Buffer
}

/** On a connected socket. Throws HostRefusal, or HOST_UNREACHABLE when the answer makes no sense or does not come. */
export const upgradeHost = async (socket: Socket, wanted: HostUpgrade): Promise<HostAnswer> => {
  const { key, protocols } = wanted.upgrade
  const { promise, resolve, reject } = Promise.withResolvers<HostAnswer>()
  const outgoing = request({
    createConnection: () => socket,
    path: wanted.path,
    headers: {
      host: 'session',
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
      ...(protocols.length > 0 ? { 'sec-websocket-protocol': protocols.join(', ') } : {}),
      authorization: `Bearer ${wanted.grant}`,
    },
  })
  const timer = setTimeout(() => outgoing.destroy(new Error('no answer to the handshake')), HANDSHAKE_TIMEOUT_MS)
  outgoing.on('error', (cause) => reject(new HoldfastError('HOST_UNREACHABLE', cause.message, { cause })))
  outgoing.on('response', (answer) => refusalOf(answer).then(reject, reject))
  outgoing.on('upgrade', ({ headers }, _socket, head) => {
    const protocol = headers['sec-websocket-protocol']
    const sound =
      headers['sec-websocket-accept'] === acceptOf(key) && (protocol === undefined || protocols.includes(protocol))
    if (sound) resolve({ protocol, head })
    else reject(new HoldfastError('HOST_UNREACHABLE', 'the handshake of the session host is not RFC 6455'))
  })
  outgoing.end()
  return promise.finally(() => clearTimeout(timer))
}
