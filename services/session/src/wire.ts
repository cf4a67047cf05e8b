/** The connection to one client, as its attachment sees it, over a WebSocket of `ws`. */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Wire } from './viewer.ts'

/** RFC 6455 §5.5: a control frame has 125 bytes, two of them for the code. */
const MAX_REASON_BYTES = 123
const FINAL_BINARY = 0x82

const shortened = (reason: string): string => {
  const bytes = Buffer.from(reason)
  return bytes.length <= MAX_REASON_BYTES ? reason : `${bytes.toString('utf8', 0, MAX_REASON_BYTES - 6)}…`
}

/** RFC 6455 §5.2, of a server. */
const headerOf = (length: number): number[] => {
  if (length < 126) return [FINAL_BINARY, length]
  if (length < 0x1_0000) return [FINAL_BINARY, 126, length >> 8, length & 0xff]
  return [FINAL_BINARY, 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff]
}

const frames = new WeakMap<Buffer, Buffer>()
/** One message; many viewers that get the same bytes share it. */
const frameOf = (bytes: Buffer): Buffer => {
  const known = frames.get(bytes)
  if (known !== undefined) return known
  const frame = Buffer.concat([Buffer.from(headerOf(bytes.length)), bytes])
  frames.set(bytes, frame)
  return frame
}

/** `below` is what the WebSocket writes to, whole frames at a time: it compresses nothing and queues nothing of its own. */
export const wireOf = (socket: WebSocket, below: Duplex): Wire => ({
  sendBytes: (bytes, flushed) => {
    if (socket.readyState === socket.OPEN) below.write(frameOf(bytes), flushed)
  },
  sendMessage: (message) => socket.send(JSON.stringify(message)),
  get buffered() {
    return socket.bufferedAmount
  },
  close: (code, reason) => socket.close(code, shortened(reason)),
  pause: () => socket.pause(),
  resume: () => socket.resume(),
})
