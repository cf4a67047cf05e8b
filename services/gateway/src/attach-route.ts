/** `GET /v1/sessions/{id}/attach`: everything is decided before the upgrade; afterwards bytes are spliced. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { HoldfastError, SESSION_ID } from '@holdfast/protocol'
import { type Logger, toHoldfastError } from '@holdfast/service-kit'
import type { FastifyInstance } from 'fastify'
import type { Attachments } from './attachments.ts'
import type { AttachCaller, Authorizer } from './authorize.ts'
import { acceptAnswer, readUpgrade, type Upgrade } from './handshake.ts'
import { type HostLink, type OpenHostParts, openHost } from './open-host.ts'
import { checkOrigin } from './origin.ts'
import { refuse } from './refusal.ts'
import { Relay } from './relay.ts'
import { reportRelays } from './relay-metrics.ts'

const ATTACH_PATH = /^\/v1\/sessions\/([^/]+)\/attach$/
const KEEPALIVE_MS = 30_000

export interface AttachParts extends OpenHostParts {
  authorizer: Authorizer
  attachments: Attachments
  origins: readonly string[]
  logger: Logger
}
interface Ask {
  session: string
  query: string
  upgrade: Upgrade
}

/** Only the size goes on to the host: whatever else stands in the URL is not for it. */
const sizeQuery = (search: URLSearchParams): string => {
  const size = new URLSearchParams()
  for (const name of ['cols', 'rows']) {
    const value = search.get(name)
    if (value !== null) size.set(name, value)
  }
  return size.size > 0 ? `?${size}` : ''
}

const readAsk = (request: IncomingMessage): Ask => {
  const { url = '' } = request
  if (!URL.canParse(url, 'http://gateway')) throw new HoldfastError('NOT_FOUND', 'the path is malformed')
  const { pathname, searchParams } = new URL(url, 'http://gateway')
  const session = ATTACH_PATH.exec(pathname)?.[1]
  if (session === undefined) throw new HoldfastError('NOT_FOUND', 'nothing to attach to at this path')
  const upgrade = readUpgrade(request)
  return { session, query: sizeQuery(searchParams), upgrade }
}

/** Also when the socket breaks: whoever uses it next sees that. */
const flushed = (socket: Socket, text: string): Promise<void> =>
  new Promise((resolve) => socket.write(text, () => resolve()))

class AttachRoute {
  readonly #parts: AttachParts

  constructor(parts: AttachParts) {
    this.#parts = parts
  }

  async serve(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const { metrics, logger } = this.#parts
    const undo: (() => void)[] = [() => socket.destroy()]
    try {
      await this.#attach(request, { socket, head }, undo)
    } catch (thrown) {
      const error = toHoldfastError(thrown)
      metrics.holdfast_gateway_refused_total.inc({ code: error.code })
      logger.info({ code: error.code, status: error.statusCode, err: error.cause }, `attach refused: ${error.message}`)
      await refuse(socket, error)
    } finally {
      for (const step of undo) step()
    }
  }

  /** `undo` is filled as things are taken, so that one `finally` gives all of them back. */
  async #attach(
    request: IncomingMessage,
    client: { socket: Socket; head: Buffer },
    undo: (() => void)[],
  ): Promise<void> {
    const { authorizer, attachments, origins, metrics } = this.#parts
    const stop = metrics.holdfast_gateway_attach_seconds.startTimer()
    this.#refuseWhenDraining()
    const ask = readAsk(request)
    checkOrigin(request.headers, origins)
    const caller = await authorizer.attachCaller(request.headers, ask.upgrade.ticket, ask.session)
    if (!SESSION_ID.test(ask.session)) throw new HoldfastError('SESSION_NOT_FOUND', 'no session has such an id')
    undo.push(attachments.take(caller.principal))
    const link = await openHost({ caller, ...ask }, this.#parts)
    undo.push(() => link.socket.destroy())
    this.#refuseWhenDraining()
    if (client.socket.destroyed) return
    client.socket.setNoDelay(true)
    client.socket.setKeepAlive(true, KEEPALIVE_MS)
    await flushed(client.socket, acceptAnswer(ask.upgrade.key, link.protocol))
    stop()
    metrics.holdfast_gateway_attachments.inc()
    undo.push(() => metrics.holdfast_gateway_attachments.dec())
    await this.#relay(client, link, caller, ask.session)
  }

  async #relay(
    client: { socket: Socket; head: Buffer },
    link: HostLink,
    caller: AttachCaller,
    session: string,
  ): Promise<void> {
    const { metrics, attachments, logger } = this.#parts
    const { credential, principal, mode } = caller
    const about = { session, host: link.hostId, principal }
    metrics.holdfast_gateway_attach_total.inc({ credential })
    logger.info({ ...about, credential, mode, protocol: link.protocol, source: link.source }, 'attached')
    const relay = new Relay(client, link)
    await attachments.hold(relay)
    const cause = relay.cause ?? 'client'
    metrics.holdfast_gateway_detach_total.inc({ cause })
    const { in: up, out: down } = relay
    const counts = { bytesIn: up.bytes, bytesOut: down.bytes, pausesIn: up.pauses, pausesOut: down.pauses }
    logger.info({ ...about, cause, ...counts, peakBuffered: Math.max(up.peakBuffered, down.peakBuffered) }, 'detached')
  }

  #refuseWhenDraining(): void {
    if (this.#parts.attachments.draining) throw new HoldfastError('DRAINING', 'this gateway is going down')
  }
}

/** Takes over every upgrade request of the server, and answers plain requests to the same path. */
export const attachRoute = (app: FastifyInstance, parts: AttachParts): void => {
  reportRelays(parts.metrics)
  const route = new AttachRoute(parts)
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => undefined) // 'close' follows, and that is what is looked at
    void route.serve(request, socket, head)
  })
  app.get('/v1/sessions/:id/attach', async () => {
    throw new HoldfastError('BAD_REQUEST', 'this path speaks WebSocket only')
  })
}
