/** The browser's own WebSocket; it can send no headers, so it only serves clients that attach with tickets. */
import type { SocketFactory } from './socket.ts'

export const defaultSocket: SocketFactory = (url, protocols) => new WebSocket(url, protocols)
