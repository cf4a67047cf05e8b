/** Server-sent events: every change of the caller's sessions, and for operators of the nodes, none left out between two connections, or a `reset` that says so. */
import type { ServerResponse } from 'node:http'
import type { ServerEvent } from '@holdfast/protocol'
import type { StoreHint } from '@holdfast/session-store'
import type { FastifyPluginAsync } from 'fastify'
import type { Engine } from './engine.ts'
import { ID_SEPARATOR, type Place, placeOf, type Source, sourcesOf } from './event-sources.ts'

/** Keeps proxies from closing a quiet stream; also looks for changes whose hint was lost. */
const HEARTBEAT_MS = 15_000
/** A reader that is this far behind is cut off; it connects again and goes on where it was. Bytes. */
const MAX_BEHIND_BYTES = 1024 * 1024
/** Changes read at one time. */
const PAGE = 200

const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  connection: 'close', // a drain that ends the stream must not wait for an idle connection
  'x-accel-buffering': 'no',
}

const frame = (id: string, event: ServerEvent): string =>
  `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`

/** Writes what came after `last`, again and again when asked to; one run at a time. */
class Tail {
  readonly #sources: readonly Source[]
  readonly #response: ServerResponse
  #last: Place
  #running = false
  #again = false

  constructor(sources: readonly Source[], response: ServerResponse, last: Place) {
    this.#sources = sources
    this.#response = response
    this.#last = last
  }

  get id(): string {
    return this.#last.join(ID_SEPARATOR)
  }

  /** A failure is made good by the next call: nothing was told that has not been read. */
  async advance(): Promise<void> {
    this.#again = true
    if (this.#running) return
    this.#running = true
    try {
      while (this.#again && !this.#response.destroyed) {
        this.#again = false
        for (const at of this.#sources.keys()) await this.#page(at)
      }
    } finally {
      this.#running = false
    }
  }

  reset(): void {
    this.#response.write(frame(this.id, { type: 'reset' }))
  }

  async #page(at: number): Promise<void> {
    const source = this.#sources[at]
    const changes = await source?.after(this.#last[at] ?? '', PAGE)
    if (source === undefined || changes === undefined) return
    if (changes === null) {
      this.#last = this.#last.with(at, await source.latest())
      return this.reset()
    }
    for (const { id, tell } of changes) {
      const event = await tell()
      if (this.#response.writableLength > MAX_BEHIND_BYTES) {
        this.#response.destroy()
        return
      }
      this.#last = this.#last.with(at, id)
      if (event !== null) this.#response.write(frame(this.id, event))
    }
    if (changes.length === PAGE) this.#again = true
  }
}

/** What happens to nodes concerns only operators; others find nothing and are told nothing. */
const concerns = (hint: StoreHint, tenant: string): boolean => hint.type === 'nodes' || hint.tenant === tenant

export const eventsRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const { domain, draining } = engine
  app.get(
    '/v1/events',
    {
      schema: {
        summary:
          'Every change of a session, and for operators of nodes, as server-sent events; `Last-Event-ID` goes on after that one',
      },
    },
    async (request, reply) => {
      const { tenant } = request.caller
      const sources = sourcesOf(domain, request.caller)
      const asked = request.headers['last-event-id']?.toString()
      // Before the first byte: a store that is away is a 503, not a silent stream.
      const { place, whole } = await placeOf(sources, asked)
      reply.hijack()
      const { raw } = reply
      raw.writeHead(200, HEAD)
      const tail = new Tail(sources, raw, place)
      // An id without data: who connects for the first time and hears of nothing can resume all the same.
      raw.write(`: holdfast\nid: ${tail.id}\n\n`)
      const advance = () => void tail.advance().catch((error) => request.log.debug({ err: error }, 'events wait'))
      const unlisten = domain.changes.listen((hint) => concerns(hint, tenant) && advance())
      const heartbeat = setInterval(() => {
        raw.write(': heartbeat\n\n')
        advance()
      }, HEARTBEAT_MS)
      const end = () => raw.end()
      draining.addEventListener('abort', end)
      raw.on('close', () => {
        unlisten()
        clearInterval(heartbeat)
        draining.removeEventListener('abort', end)
      })
      if (asked !== undefined && !whole) tail.reset()
      advance()
    },
  )
}
