/** `GET /attach`: checks before the upgrade, then one WebSocket for one view. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { HoldfastError, MAX_ATTACHMENTS, MAX_MESSAGE_BYTES, RAW_SUBPROTOCOL, SUBPROTOCOL } from '@holdfast/protocol'
import type { HostGrant, Logger } from '@holdfast/service-kit'
import { type WebSocket, WebSocketServer } from 'ws'
import { checked } from './bodies.ts'
import { type Conversation, converse, converseRaw } from './conversation.ts'
import type { Gate } from './gate.ts'
import type { Host } from './host.ts'
import { asHoldfastError, refuseUpgrade } from './http-problem.ts'
import type { ViewerSocket } from './viewer-socket.ts'
import { wireOf } from './wire.ts'

export interface AttachParts {
  host: Host
  gate: Gate
  logger: Logger
  attachTimeoutMs: number
}

/** A peer that gave no sign for this long is asked for one, and after as long again it is dead. */
const PING_MS = 30_000
/** A browser cuts a large paste into some frames; each that waits for the last one costs about 250 bytes besides its own. */
const MAX_FRAGMENTS = 1024

const NOTHING = Buffer.alloc(0)

/** Null: none is wanted, which means raw. Throws UNSUPPORTED_PROTOCOL. */
const chooseProtocol = (header: string | undefined): string | null => {
  const offered = (header ?? '').split(',').map((name) => name.trim())
  if (header === undefined) return null
  const chosen = [SUBPROTOCOL, RAW_SUBPROTOCOL].find((name) => offered.includes(name))
  if (chosen === undefined)
    throw new HoldfastError('UNSUPPORTED_PROTOCOL', `offer ${SUBPROTOCOL} or ${RAW_SUBPROTOCOL}`)
  return chosen
}

const querySize = (query: URLSearchParams, name: 'cols' | 'rows'): number | undefined => {
  const text = query.get(name)
  return text === null ? undefined : checked(name, Number(text || Number.NaN))
}

/** Ends connections whose other end is gone without a word. One that we ourselves do not read cannot answer. */
const watchPeer = (socket: WebSocket, below: ViewerSocket): void => {
  let alive = true
  const heard = () => {
    alive = true
  }
  socket.on('pong', heard)
  socket.on('message', heard)
  const timer = setInterval(() => {
    if (!alive && !below.view.held) return socket.terminate()
    alive = false
    socket.ping()
  }, PING_MS)
  socket.on('close', () => clearInterval(timer))
}

/** Returns the listener for the server's `upgrade` event. */
export const attachRoute = ({ host, gate, logger, attachTimeoutMs }: AttachParts) => {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    maxFragments: MAX_FRAGMENTS,
    handleProtocols: (offered) => chooseProtocol([...offered].join(',')) ?? false,
  })

  const admit = (request: IncomingMessage, url: URL) => {
    if (url.pathname !== '/attach') throw new HoldfastError('NOT_FOUND', `nothing at ${url.pathname}`)
    const admission = gate.admit(request.headers.authorization, 'attach', host.claim)
    const raw = chooseProtocol(request.headers['sec-websocket-protocol']) !== SUBPROTOCOL
    const { session } = host
    if (session.isSuspended) throw new HoldfastError('STALE', 'this incarnation of the session is suspended')
    const parts = {
      session,
      raw,
      cols: querySize(url.searchParams, 'cols'),
      rows: querySize(url.searchParams, 'rows'),
    }
    if (sockets.clients.size >= MAX_ATTACHMENTS) {
      throw new HoldfastError('TOO_MANY', `the session has ${MAX_ATTACHMENTS} attachments already`)
    }
    admission.spend()
    return { ...parts, grant: admission.grant, expires: admission.expires }
  }

  const serve = (
    socket: WebSocket,
    below: ViewerSocket,
    { session, raw, cols, rows, grant, expires }: ReturnType<typeof admit>,
  ): void => {
    const terms = { session, wire: wireOf(socket, below), mode: grant.mode, principal: grant.principal, expires }
    const conversation: Conversation = raw ? converseRaw(terms, cols, rows) : converse(terms, attachTimeoutMs)
    socket.on('message', (data, isBinary) => conversation.receive(data as Buffer, isBinary))
    socket.on('close', (code) => {
      conversation.closed()
      logger.info({ principal: grant.principal, code }, 'detached')
    })
    // The close that follows has the code: 1009 for a message that is too large, for one.
    socket.on('error', (error) => logger.debug({ err: error }, 'connection failed'))
    watchPeer(socket, below)
    logger.info({ principal: grant.principal, mode: grant.mode satisfies HostGrant['mode'], raw }, 'attached')
  }

  return (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy())
    try {
      const admitted = admit(request, new URL(request.url ?? '/', 'http://host'))
      const below = admitted.session.stream.accept(socket as Socket, head)
      sockets.handleUpgrade(request, below, NOTHING, (upgraded) => serve(upgraded, below, admitted))
    } catch (thrown) {
      const error = asHoldfastError(thrown)
      if (error.code === 'INTERNAL') logger.error({ err: thrown }, 'attach failed')
      refuseUpgrade(socket, error)
    }
  }
}
