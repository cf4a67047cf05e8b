/** A WebSocket server that gives back what it gets, in a process of its own; prints its port. */
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
server.on('connection', (socket: WebSocket) => socket.on('message', (data) => socket.send(data)))
server.on('listening', () => console.log((server.address() as AddressInfo).port))
