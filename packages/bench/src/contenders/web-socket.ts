/** Opening a WebSocket the same way to everyone, and the floor: an echo server without any terminal. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { type Contender, Outlet } from '../line.ts'

const TRIES = 60
const RETRY_MS = 100

/** Open, or throws. `perMessageDeflate`: offers compression (RFC 7692), as every browser does. */
export const openSocket = async (
  url: string,
  protocols: string[] = [],
  { headers = {}, perMessageDeflate = false }: { headers?: Record<string, string>; perMessageDeflate?: boolean } = {},
): Promise<WebSocket> => {
  const socket = new WebSocket(url, protocols, { headers, perMessageDeflate, skipUTF8Validation: true })
  await once(socket, 'open')
  return socket
}

/** For servers that were started just now. */
export const openPatiently = async (...target: Parameters<typeof openSocket>): Promise<WebSocket> => {
  for (let tries = 1; ; tries++) {
    try {
      return await openSocket(...target)
    } catch (error) {
      if (tries === TRIES) throw error
      await delay(RETRY_MS)
    }
  }
}

export const webSocketEcho: Contender = {
  name: 'websocket',
  async open(_command, undo) {
    const server = spawn(process.execPath, [join(import.meta.dirname, 'echo-server.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const stop = undo.add(() => server.kill())
    const [port] = (await once(server.stdout, 'data')) as [Buffer]
    const socket = await openSocket(`ws://127.0.0.1:${port.toString().trim()}`)
    const outlet = new Outlet()
    socket.on('message', (data: Buffer) => outlet.push(data))
    return {
      type: (text) => socket.send(Buffer.from(text)),
      outlet,
      close: stop,
    }
  },
}
