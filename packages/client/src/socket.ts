/** The WebSocket of an attachment, whoever brings it. */

/** What an attachment needs of a WebSocket: a part of the standard's interface, so that a browser's own and `ws` both fit. */
export interface SocketLike {
  /** `arraybuffer`, or what else gives Uint8Arrays; `blob` is changed. */
  binaryType: string
  /** 1 when open. */
  readonly readyState: number
  /** A message of text or of bytes. */
  send(data: string | Uint8Array<ArrayBuffer>): void
  /** Begins the closing handshake. */
  close(code?: number, reason?: string): void
  /** Ends the connection without the closing handshake; only `ws` has it. */
  terminate?(): void
  /** The four events of a WebSocket. */
  addEventListener(type: 'open', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
  addEventListener(type: 'error', listener: () => void): void
}

/** Opens a socket. A refusal before the upgrade is told as a close with the code that belongs to it (`ERRORS`). */
export type SocketFactory = (url: string, protocols: string[], headers: Record<string, string>) => SocketLike

/** Source: WebSocket.OPEN, https://websockets.spec.whatwg.org/#dom-websocket-open */
export const OPEN = 1
