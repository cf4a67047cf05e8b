/** Server-sent events: every phase and condition change of the caller's sessions, as it happens. */
import type { ServerResponse } from 'node:http'
import type { SessionEvent } from '@holdfast/protocol'
import type { FastifyPluginAsync } from 'fastify'
import type { Engine } from './engine.ts'
import { sessionView } from './session-view.ts'

/** Keeps proxies from closing a quiet stream. */
const HEARTBEAT_MS = 15_000
/** A reader that is this far behind is cut off; it connects again and reads the list. Bytes. */
const MAX_BEHIND_BYTES = 1024 * 1024

const stream = (response: ServerResponse, signal: AbortSignal) => {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  response.write(': holdfast\n\n')
  let id = Date.now()
  const heartbeat = setInterval(() => response.write(': heartbeat\n\n'), HEARTBEAT_MS)
  const end = () => response.end()
  signal.addEventListener('abort', end)
  response.on('close', () => {
    clearInterval(heartbeat)
    signal.removeEventListener('abort', end)
  })
  return (event: SessionEvent): void => {
    if (response.writableLength > MAX_BEHIND_BYTES) {
      response.destroy()
      return
    }
    // Grows across restarts too, as long as there is less than one event a millisecond.
    id = Math.max(id + 1, Date.now())
    response.write(`id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
}

export const eventsRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const { store, live, changes } = engine.domain
  app.get(
    '/v1/events',
    { schema: { summary: 'Every change of a session, as server-sent events; a hint, not a history' } },
    async (request, reply) => {
      const { tenant } = request.caller
      // Before the first byte: a store that is away is a 503, not a silent stream.
      await store.ping()
      reply.hijack()
      const send = stream(reply.raw, engine.draining)
      const unlisten = changes.listen((event) => {
        if (event.tenant !== tenant) return
        store
          .get(tenant, event.id)
          .then((record) => {
            if (record === null) return
            send({ type: 'session', session: sessionView(record, live.get(record.id)?.status ?? null) })
          })
          .catch((error) => request.log.debug({ err: error }, 'event not sent'))
      })
      reply.raw.on('close', unlisten)
    },
  )
}
