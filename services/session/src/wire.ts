/** The connection to one client, as its attachment sees it, over a WebSocket of `ws`. */
import type { WebSocket } from 'ws'
import type { Wire } from './viewer.ts'
import type { ViewerSocket } from './viewer-socket.ts'

/** RFC 6455 §5.5: a control frame has 125 bytes, two of them for the code. */
const MAX_REASON_BYTES = 123

const shortened = (reason: string): string => {
  const bytes = Buffer.from(reason)
  return bytes.length <= MAX_REASON_BYTES ? reason : `${bytes.toString('utf8', 0, MAX_REASON_BYTES - 6)}…`
}

/** `below` is what the WebSocket writes to: it compresses nothing and queues nothing of its own. */
export const wireOf = (socket: WebSocket, below: ViewerSocket): Wire => ({
  socket: below,
  sendBytes: (bytes) => socket.send(bytes),
  sendMessage: (message) => socket.send(JSON.stringify(message)),
  get buffered() {
    return socket.bufferedAmount
  },
  close: (code, reason) => socket.close(code, shortened(reason)),
})
