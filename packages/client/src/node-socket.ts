/** `ws` for Node: with headers, without compression, and with the reason when the upgrade is refused. */
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { readProblem } from './problem.ts'
import type { SocketFactory, SocketLike } from './socket.ts'

/** A snapshot holds all scrollback; output messages are far smaller. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
/** A problem+json answer is a few hundred bytes; what is longer is no answer of ours. */
const MAX_REFUSAL_BYTES = 64 * 1024

interface CloseEvent {
  code: number
  reason: string
}

const bodyOf = async (response: IncomingMessage): Promise<string> => {
  let body = ''
  for await (const chunk of response) {
    body += String(chunk)
    if (body.length > MAX_REFUSAL_BYTES) break
  }
  return body
}

const refusalOf = async (response: IncomingMessage): Promise<CloseEvent> => {
  const body = await bodyOf(response).catch(() => '')
  const error = readProblem(response.statusCode ?? 500, body)
  return { code: error.closeCode, reason: error.message }
}

export const defaultSocket: SocketFactory = (url, protocols, headers) => {
  const socket = new WebSocket(url, protocols, {
    headers,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  })
  let refusal: CloseEvent | undefined
  socket.on('error', () => {}) // `close` follows and says the same
  socket.on('unexpected-response', async (_request, response) => {
    refusal = await refusalOf(response)
    socket.terminate()
  })
  // Of all events only `close` differs from that of `ws`: it carries the refusal, if there was one.
  const listen = socket.addEventListener.bind(socket) as SocketLike['addEventListener']
  const addEventListener = ((type: 'close', listener: (event: CloseEvent) => void) => {
    listen(type, type === 'close' ? (event) => listener(refusal ?? event) : listener)
  }) as SocketLike['addEventListener']
  return {
    binaryType: socket.binaryType, // `nodebuffer`: messages come as Buffers, uncopied
    get readyState() {
      return socket.readyState
    },
    send: (data) => socket.send(data),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    addEventListener,
  }
}
