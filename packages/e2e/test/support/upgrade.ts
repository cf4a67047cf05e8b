/** A WebSocket upgrade by hand, to see its HTTP status. */
import { request } from 'node:http'

/** 101 when the upgrade went through (the socket is closed at once), else the status of the refusal. */
export const attachStatus = (url: string, headers: Record<string, string>): Promise<number> =>
  new Promise((done, fail) => {
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }
    const req = request(url, { headers: { ...upgrade, ...headers } })
    req.on('upgrade', (response, socket) => {
      socket.destroy()
      done(response.statusCode ?? 0)
    })
    req.on('response', (response) => {
      response.resume()
      done(response.statusCode ?? 0)
    })
    req.on('error', fail)
    req.end()
  })
